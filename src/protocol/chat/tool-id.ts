/**
 * A tool call's id as Anthropic's clients take it: `^[a-zA-Z0-9_-]+$`. Gemini gateways hang a signature in base64
 * behind the id, which is cut; nothing is left of an id that has no legal part.
 */
export function legalToolId(id: string): string {
  const mark = id.indexOf('__thought__')
  const head = mark > 0 ? id.slice(0, mark) : withoutBase64(id)
  return head.replace(/[^a-zA-Z0-9_-]/g, '_')
}

const BASE64 = /[A-Za-z0-9+/=]/
const SEPARATORS = '|.:~,;'

/**
 * Only `+`, `/` or `=` mark base64: an id of letters and digits stays whole. Looked through by hand, since a regular
 * expression for the end of a text takes seconds for a long id.
 */
function withoutBase64(id: string): string {
  let end = id.length
  while (end > 0 && BASE64.test(id.charAt(end - 1))) end -= 1
  if (!/[+/=]/.test(id.slice(end))) return id
  if (end > 0 && SEPARATORS.includes(id.charAt(end - 1))) end -= 1
  while (end > 0 && id.charAt(end - 1) === '_') end -= 1
  return end === 0 ? id : id.slice(0, end)
}
