/** The first segments of the mode prefixes (interface.md 1). */
const PREFIXES: ReadonlySet<string> = new Set(['openai', 'full', 'api', 'min', 'pt', 'sdk', 'to'])
/** The first segments of the endpoints that stand under `/v1`. */
const ENDPOINTS: ReadonlySet<string> = new Set([
  'messages',
  'chat',
  'responses',
  'models',
  'files',
  'skills',
])
/** What nearly every request asks for, spelled as it should be. */
const USUAL: ReadonlySet<string> = new Set([
  '/v1/messages',
  '/v1/messages/count_tokens',
  '/v1/chat/completions',
  '/v1/responses',
])

/**
 * The one spelling of a path that the routes know: single slashes, none at the end, `/v1` exactly once before an
 * endpoint. A path that is no endpoint keeps its segments.
 */
export function canonicalPath(path: string): string {
  if (USUAL.has(path)) return path
  const segments = path.split('/').filter((segment) => segment !== '')
  const prefix = takePrefix(segments)
  let rest = segments.slice(prefix.length)
  while (rest[0] === 'v1') rest = rest.slice(1)
  const first = rest[0]
  if (first !== undefined && ENDPOINTS.has(first)) return `/${[...prefix, 'v1', ...rest].join('/')}`
  if (first === 'status' && rest.length === 1) return `/${[...prefix, ...rest].join('/')}`
  return `/${segments.join('/')}`
}

function takePrefix(segments: readonly string[]): string[] {
  const [first, second] = segments
  if (first === undefined || !PREFIXES.has(first)) return []
  const prefix = [first]
  const named = first === 'to' || (first === 'sdk' && isSessionId(second))
  if (named && second !== undefined) prefix.push(second)
  if (first !== 'openai' && segments[prefix.length] === 'openai') prefix.push('openai')
  return prefix
}

/** A session id is 8 to 64 of [A-Za-z0-9_-] and never the first segment of an endpoint. */
function isSessionId(segment: string | undefined): boolean {
  return segment !== undefined && /^[A-Za-z0-9_-]{8,64}$/.test(segment) && !ENDPOINTS.has(segment)
}
