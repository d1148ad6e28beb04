import type { IncomingMessage } from 'node:http'

/** What is asked of the running proxy. */
interface Call {
  readonly url: string
  readonly method?: 'GET' | 'POST'
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  readonly signal: AbortSignal
}

/**
 * Asks the running proxy, never by way of HTTP_PROXY: `fetch` obeys that for loopback too and cannot be told not to
 * (Bun 1.4.5, 2026-11).
 */
export function callProxy({
  url,
  method = 'GET',
  headers,
  body,
  signal,
}: Call): Promise<IncomingMessage> {
  // An import would be hoisted in the binary, whose every start it would cost 4 ms.
  const secure = url.startsWith('https:')
  const { request } = process.getBuiltinModule(secure ? 'node:https' : 'node:http')
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers, signal }, resolve)
    sent.on('error', reject)
    sent.end(body)
  })
}

/** The whole text of a reply. */
export async function textOf(reply: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of reply) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks).toString('utf8')
}
