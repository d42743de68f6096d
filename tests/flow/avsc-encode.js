// As avro-encode.c, by another library: node avsc-encode.js <folder of avsc> <schema>, documents on stdin.
const fs = require('fs');
const [library, schema] = process.argv.slice(2);
const avro = require(library);
const type = avro.Type.forSchema(JSON.parse(fs.readFileSync(schema, 'utf8')), {wrapUnions: false});
const lines = fs.readFileSync(0, 'utf8').split('\n').filter((line) => line);
let wrong = 0;

lines.forEach((line, i) => {
  const document = Object.fromEntries(Object.entries(JSON.parse(line)).filter(([name]) => !name.startsWith('sp_')));
  const complain = (path, value) => console.log(`line ${i + 1}: field '${path.join('.')}': ${JSON.stringify(value)} does not fit`);
  if (!type.isValid(document, {errorHook: complain, noUndeclaredFields: true}) || !type.fromBuffer(type.toBuffer(document))) wrong++;
});
console.log(`${lines.length - wrong} encoded`);
process.exit(wrong ? 1 : 0);
