/**
 * An id that no call has yet, now taken: some servers and clients give several calls the same one. A number goes behind
 * the first `kept` characters.
 */
export function freshId(own: string, taken: Set<string>, kept = own.length): string {
  let id = own
  for (let n = 2; taken.has(id); n += 1) id = `${own.slice(0, kept)}_${n}`
  taken.add(id)
  return id
}
