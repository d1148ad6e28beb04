import { errorCode, messageOf } from '../../kit/error.ts'
import { isRecord, parseJson } from '../../kit/json.ts'
import { callProxy, textOf } from './call-proxy.ts'

/** What a ccproxy that runs says to a question; `undefined` as status where nobody listens. */
export interface ProxyReply {
  readonly status: number | undefined
  readonly json: Readonly<Record<string, unknown>>
  readonly contentType: string
  /** Why there is no reply. */
  readonly failure?: string
}

/** Asks a running ccproxy for a path below its address, with the client key; never throws. */
export async function askProxy(
  url: string,
  path: string,
  key: string | undefined,
  timeoutMs: number,
): Promise<ProxyReply> {
  const first = await askOnce(url, path, key, timeoutMs)
  // Bun may take a connection again that the server has just closed (1.4.5, 2026-11).
  return first.failure === HANG_UP ? askOnce(url, path, key, timeoutMs) : first
}

const HANG_UP = 'socket hang up'

async function askOnce(
  url: string,
  path: string,
  key: string | undefined,
  timeoutMs: number,
): Promise<ProxyReply> {
  const signal = AbortSignal.timeout(timeoutMs)
  const headers = key === undefined ? {} : { 'x-api-key': key }
  try {
    const reply = await callProxy({ url: `${url}${path}`, headers, signal })
    const json = parseJson(await textOf(reply))
    const contentType = reply.headers['content-type'] ?? ''
    return { status: reply.statusCode, json: isRecord(json) ? json : {}, contentType }
  } catch (error) {
    const none = { status: undefined, json: {}, contentType: '' }
    if (errorCode(error) === 'ECONNREFUSED') return none
    return { ...none, failure: signal.aborted ? 'it does not answer' : messageOf(error) }
  }
}

/** What an error reply says. */
export function errorIn({ json }: ProxyReply): string | undefined {
  const { error } = json
  const message = isRecord(error) ? error.message : undefined
  return typeof message === 'string' ? message : undefined
}
