/* Does a document keep to a schema? Asked of avro-c itself: each line of stdin is a JSON
 * document that is made an Avro datum of the record in the .avsc file named, written out and
 * read back. Members that begin with sp_ stand beside the schema. Says on which line and at
 * which field a document does not fit, and `<n> encoded` at the end. For
 * tests/flow/test_conformity.py. */
#include <avro.h>
#include <cjson/cJSON.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DATUM_MAX = 16 << 20, EXACT_BITS = 53 };

static bool fill(avro_value_t *to, avro_schema_t type, const cJSON *from);

static bool is_whole(const cJSON *from, double least, double most)
{
    return cJSON_IsNumber(from) && trunc(from->valuedouble) == from->valuedouble &&
           from->valuedouble >= least && from->valuedouble <= most;
}

/* The first type of a union that takes the value. */
static bool fill_union(avro_value_t *to, avro_schema_t type, const cJSON *from)
{
    for (size_t i = 0; i < avro_schema_union_size(type); i++) {
        avro_value_t branch;
        if (avro_value_set_branch(to, (int)i, &branch) == 0 &&
            fill(&branch, avro_schema_union_branch(type, (int)i), from))
            return true;
    }
    return false;
}

static bool fill_items(avro_value_t *to, avro_schema_t items, const cJSON *from, bool is_map)
{
    if (is_map ? !cJSON_IsObject(from) : !cJSON_IsArray(from))
        return false;
    for (const cJSON *item = from->child; item; item = item->next) {
        avro_value_t place;
        int rc = is_map ? avro_value_add(to, item->string, &place, NULL, NULL)
                        : avro_value_append(to, &place, NULL);
        if (rc || !fill(&place, items, item))
            return false;
    }
    return true;
}

static bool complain(const char *field, const cJSON *from)
{
    char *text = from ? cJSON_PrintUnformatted(from) : NULL;

    printf("field '%s': %.200s does not fit\n", field, text ? text : "nothing");
    free(text);
    return false;
}

/* avro-c forgets defaults: a document must have every field. */
static bool fill_record(avro_value_t *to, avro_schema_t type, const cJSON *from)
{
    size_t n = avro_schema_record_size(type);

    if (!cJSON_IsObject(from))
        return false;
    for (size_t i = 0; i < n; i++) {
        const char *name = avro_schema_record_field_name(type, (int)i);
        const cJSON *member = cJSON_GetObjectItemCaseSensitive(from, name);
        avro_value_t field;
        if (!member || avro_value_get_by_index(to, i, &field, NULL) ||
            !fill(&field, avro_schema_record_field_get_by_index(type, (int)i), member))
            return complain(name, member);
    }
    for (const cJSON *m = from->child; m; m = m->next)
        if (strncmp(m->string, "sp_", 3) != 0 &&
            avro_schema_record_field_get_index(type, m->string) < 0)
            return complain(m->string, m);
    return true;
}

static bool fill_enum(avro_value_t *to, avro_schema_t type, const cJSON *from)
{
    int symbol =
        cJSON_IsString(from) ? avro_schema_enum_get_by_name(type, from->valuestring) : -1;

    return symbol >= 0 && avro_value_set_enum(to, symbol) == 0;
}

static bool fill(avro_value_t *to, avro_schema_t type, const cJSON *from)
{
    switch (avro_typeof(type)) {
    case AVRO_NULL:
        return cJSON_IsNull(from) && avro_value_set_null(to) == 0;
    case AVRO_BOOLEAN:
        return cJSON_IsBool(from) && avro_value_set_boolean(to, cJSON_IsTrue(from)) == 0;
    case AVRO_INT32:
        return is_whole(from, INT32_MIN, INT32_MAX) &&
               avro_value_set_int(to, (int32_t)from->valuedouble) == 0;
    case AVRO_INT64:
        return is_whole(from, -ldexp(1, EXACT_BITS), ldexp(1, EXACT_BITS)) &&
               avro_value_set_long(to, (int64_t)from->valuedouble) == 0;
    case AVRO_FLOAT:
        return cJSON_IsNumber(from) && avro_value_set_float(to, (float)from->valuedouble) == 0;
    case AVRO_DOUBLE:
        return cJSON_IsNumber(from) && avro_value_set_double(to, from->valuedouble) == 0;
    case AVRO_STRING:
        return cJSON_IsString(from) && avro_value_set_string(to, from->valuestring) == 0;
    case AVRO_ENUM:
        return fill_enum(to, type, from);
    case AVRO_ARRAY:
        return fill_items(to, avro_schema_array_items(type), from, false);
    case AVRO_MAP:
        return fill_items(to, avro_schema_map_values(type), from, true);
    case AVRO_UNION:
        return fill_union(to, type, from);
    case AVRO_RECORD:
        return fill_record(to, type, from);
    case AVRO_BYTES:
    case AVRO_FIXED:
    case AVRO_LINK:
        break;
    }
    return false;
}

static bool encode(avro_value_iface_t *class, avro_value_t *datum, char *room)
{
    size_t size;
    avro_value_t again;

    if (avro_value_sizeof(datum, &size) || size > DATUM_MAX ||
        avro_generic_value_new(class, &again))
        return false;
    avro_writer_t writer = avro_writer_memory(room, (int64_t)size);
    avro_reader_t reader = avro_reader_memory(room, (int64_t)size);
    bool is_good = avro_value_write(writer, datum) == 0 &&
                   avro_writer_tell(writer) == (int64_t)size &&
                   avro_value_read(reader, &again) == 0 && avro_value_equal(datum, &again);
    avro_reader_free(reader);
    avro_writer_free(writer);
    avro_value_decref(&again);
    return is_good;
}

static bool encode_line(avro_value_iface_t *class, avro_schema_t schema, const char *line,
                        char *room)
{
    cJSON *document = cJSON_Parse(line);
    avro_value_t datum;

    if (!document || avro_generic_value_new(class, &datum)) {
        puts("is no JSON");
        cJSON_Delete(document);
        return false;
    }
    bool is_good = fill(&datum, schema, document);
    if (is_good && !encode(class, &datum, room)) {
        printf("cannot be encoded: %s\n", avro_strerror());
        is_good = false;
    }
    avro_value_decref(&datum);
    cJSON_Delete(document);
    return is_good;
}

static avro_schema_t read_schema(const char *path)
{
    static char text[256 * 1024];
    FILE *f = fopen(path, "r");
    size_t n = f ? fread(text, 1, sizeof(text), f) : 0;
    avro_schema_t schema;

    if (f)
        (void)fclose(f);
    if (!n || avro_schema_from_json_length(text, n, &schema)) {
        fprintf(stderr, "%s: %s\n", path, n ? avro_strerror() : strerror(errno));
        exit(2);
    }
    return schema;
}

int main(int argc, char **argv)
{
    size_t capacity = 0, number = 0, wrong = 0;
    char *line = NULL;

    if (argc != 2)
        return 2;
    avro_schema_t schema = read_schema(argv[1]);
    avro_value_iface_t *class = avro_generic_class_from_schema(schema);
    if (!class) {
        fprintf(stderr, "%s: %s\n", argv[1], avro_strerror());
        return 2;
    }
    char *room = malloc(DATUM_MAX);
    while (class && room && getline(&line, &capacity, stdin) > 0) {
        number++;
        if (!encode_line(class, schema, line, room)) {
            printf("line %zu\n", number);
            wrong++;
        }
    }
    printf("%zu encoded\n", number - wrong);
    free(line);
    free(room);
    avro_value_iface_decref(class);
    avro_schema_decref(schema);
    return wrong > 0;
}
