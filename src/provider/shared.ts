import type { PreparedCall } from './provider.ts'

/** Bun's own additions to fetch that the hop needs. */
interface HopInit extends BunFetchRequestInit {
  readonly duplex?: 'half'
}

/** Joins endpoints to a base URL, whether or not it already ends in `/v1` or a slash. */
export function urlsUnder(baseUrl: string): (path: string) => string {
  const base = baseUrl.replace(/\/+$/, '')
  const versioned = base.endsWith('/v1')
  return (path) => (versioned && path.startsWith('/v1/') ? base + path.slice(3) : base + path)
}

/** Sends by Bun's fetch: never a redirect followed (it would carry the credential away), no total timeout. */
export function sendByFetch(call: PreparedCall, signal: AbortSignal): Promise<Response> {
  const init: HopInit = {
    method: call.method,
    headers: call.headers,
    signal,
    redirect: 'manual',
    timeout: false,
    keepalive: call.fresh !== true,
  }
  if (call.body === undefined) return fetch(call.url, init)
  const streams = call.body instanceof ReadableStream
  return fetch(call.url, { ...init, body: call.body, ...(streams ? { duplex: 'half' } : {}) })
}
