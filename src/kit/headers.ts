/**
 * Headers that belong to one connection and never go on.
 * @see RFC 9110 7.6.1
 */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** Names that fetch or the server sets by itself, since the hop changes them. */
const REWRITTEN: ReadonlySet<string> = new Set([
  'host',
  'content-length',
  'accept-encoding',
  'expect',
])

/** Names that an upstream's answer must not set on ours: its encoding is undone, its cookies and CORS are its own. */
const RESPONSE_ONLY: ReadonlySet<string> = new Set([
  'content-encoding',
  'content-length',
  'set-cookie',
  'set-cookie2',
  'alt-svc',
  'date',
  'server',
  'strict-transport-security',
])

/** The names that a `Connection` header declares as scoped to it, in lower case. */
function connectionScoped(headers: Headers): ReadonlySet<string> | undefined {
  const value = headers.get('connection')
  if (value === null || value === 'keep-alive' || value === 'close') return undefined
  return new Set(value.split(',').map((name) => name.trim().toLowerCase()))
}

/** Copies the request headers that `allow` wants, never those of the hop. */
export function copyRequestHeaders(from: Headers, allow: (name: string) => boolean): Headers {
  const scoped = connectionScoped(from)
  return copyWithout(
    from,
    (name) => HOP_BY_HOP.has(name) || REWRITTEN.has(name) || scoped?.has(name) || !allow(name),
  )
}

/** Copies an upstream's response headers for the client: fresh, without hop, encoding, cookies and CORS. */
export function copyResponseHeaders(from: Headers): Headers {
  const scoped = connectionScoped(from)
  return copyWithout(
    from,
    (name) =>
      HOP_BY_HOP.has(name) ||
      RESPONSE_ONLY.has(name) ||
      scoped?.has(name) ||
      name.startsWith('access-control-') ||
      name.startsWith('x-ccproxy-'),
  )
}

/** A native copy and a few removals: a third of the cost of a copy name by name. */
function copyWithout(from: Headers, unwanted: (name: string) => boolean | undefined): Headers {
  const to = new Headers(from)
  for (const name of from.keys()) if (unwanted(name)) to.delete(name)
  return to
}
