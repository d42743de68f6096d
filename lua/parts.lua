-- Parts of a commit beside its counts: each kind is checked by reading, like all of sp1_settle, and
-- written behind the counts. A kind may refuse with a word of its own, for which see its file.
-- KEYS  those of the parts, one part after the other
-- ARGV  nparts (kind nkeys what-the-kind-says)*

local parts = {}                      -- kind: {check = function(keys, A) -> plan, write = function(plan)}

local function parts_check(P, K, at, A)
  for i = 1, number(A, #K + 1) do
    local kind = parts[text(A)] or stop('BADARG ' .. A.at)
    local keys = {}
    for j = 1, number(A, #K - at) do keys[j] = K[at + j] end
    at = at + #keys
    P.parts[i] = {kind = kind, plan = kind.check(keys, A)}
  end
  if at ~= #K then stop('BADARG ' .. A.at) end
end

local function parts_write(P)
  for _, part in ipairs(P.parts) do part.kind.write(part.plan) end
end
