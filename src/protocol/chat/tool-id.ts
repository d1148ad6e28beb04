/**
 * A tool call's id as Anthropic's clients take it: `^[a-zA-Z0-9_-]+$`. Gemini gateways hang a signature in base64
 * behind the id, which is cut; nothing is left of an id that has no legal part.
 */
export function legalToolId(id: string): string {
  const mark = id.indexOf('__thought__')
  const head = mark > 0 ? id.slice(0, mark) : withoutBase64(id)
  return head.replace(/[^a-zA-Z0-9_-]/g, '_')
}

/** An id that no call has yet, now taken: some servers give all calls the same one. */
export function freshId(own: string, taken: Set<string>): string {
  let id = own
  for (let n = 2; taken.has(id); n++) id = `${own}_${n}`
  taken.add(id)
  return id
}

/** Only `+`, `/` or `=` mark base64: an id of letters and digits stays whole. */
function withoutBase64(id: string): string {
  if (!/[+/=]/.test(id)) return id
  const cut = id.replace(/[|.:~,;]?[A-Za-z0-9+/]*[+/=][A-Za-z0-9+/=]*$/, '').replace(/_+$/, '')
  return cut === '' ? id : cut
}
