import type { IncomingMessage } from 'node:http'
import { Value } from '@sinclair/typebox/value'
import { messageOf, ProxyError } from '../../kit/error.ts'
import { isRecord, parseJson } from '../../kit/json.ts'
import { pause } from '../../kit/pause.ts'
import {
  type PermissionAnswer,
  PermissionEvent,
} from '../../provider/claude-sdk/permission-schema.ts'
import { callProxy, textOf } from '../client/call-proxy.ts'
import { hearEvents, RETRY_MS } from '../client/event-stream.ts'
import type { ProxyPlace } from '../client/proxy-address.ts'

/** What becomes of an answer: taken, or too late for it, or it did not arrive. */
export interface AnswerResult {
  readonly kind: 'taken' | 'late' | 'failed'
  readonly text: string
}

/** What a desk is told. */
export interface DeskListener {
  connected(): void
  /** Everything that waited is told again after the next `connected`. */
  disconnected(reason: string): void
  hear(event: PermissionEvent): void
}

/** Where the desk connects to. */
export interface DeskLinkOptions extends ProxyPlace {
  /** Ends the link. */
  readonly signal: AbortSignal
}

/** The line to a running proxy; comes back by itself when the proxy does. */
export class DeskLink {
  readonly #options: DeskLinkOptions

  constructor(options: DeskLinkOptions) {
    this.#options = options
  }

  /** Listens until the signal; throws where the first connection fails, or where trying again cannot help. */
  async run(listener: DeskListener): Promise<void> {
    const { signal } = this.#options
    let stream = await this.#open()
    for (;;) {
      listener.connected()
      const reason = await this.#listen(stream, listener)
      if (signal.aborted) return
      listener.disconnected(reason)
      const next = await this.#reopen()
      if (next === undefined) return
      stream = next
    }
  }

  /** Sends an answer; never throws. */
  async answer(id: string, answer: PermissionAnswer): Promise<AnswerResult> {
    try {
      const reply = await callProxy({
        url: `${this.#options.url}/permissions/${encodeURIComponent(id)}/respond`,
        method: 'POST',
        headers: { ...this.#headers(), 'content-type': 'application/json' },
        body: JSON.stringify(answer),
        signal: this.#options.signal,
      })
      const text = errorText(await textOf(reply))
      const status = reply.statusCode ?? 0
      if (status === 200) return { kind: 'taken', text: '' }
      return { kind: [404, 409, 410].includes(status) ? 'late' : 'failed', text }
    } catch (error) {
      return { kind: 'failed', text: messageOf(error) }
    }
  }

  #headers(): Record<string, string> {
    const { key } = this.#options
    return key === undefined ? {} : { 'x-api-key': key }
  }

  async #open(): Promise<IncomingMessage> {
    const { url, signal } = this.#options
    const headers = { ...this.#headers(), accept: 'text/event-stream' }
    const reply = await callProxy({ url: `${url}/permissions/stream`, headers, signal }).catch(
      (cause: unknown) => {
        throw new ProxyError('upstream_unreachable', notRunning(url), { cause })
      },
    )
    if (reply.statusCode === 200 && isEventStream(reply)) return reply
    throw refusal(url, reply.statusCode ?? 0, errorText(await textOf(reply)))
  }

  /** Tries until the proxy is back; undefined where the user leaves meanwhile. */
  async #reopen(): Promise<IncomingMessage | undefined> {
    const { signal } = this.#options
    for (let wait: number = RETRY_MS.first; ; wait = Math.min(wait * 2, RETRY_MS.longest)) {
      await pause(wait, signal)
      if (signal.aborted) return undefined
      try {
        return await this.#open()
      } catch (error) {
        if (signal.aborted) return undefined
        const passes = error instanceof ProxyError && error.status >= 500
        if (!passes) throw error
      }
    }
  }

  /** Reads a stream to its end, whatever that is; gives why it ended. */
  async #listen(stream: IncomingMessage, listener: DeskListener): Promise<string> {
    try {
      await hearEvents(stream, ({ data }) => {
        const event = parseJson(data)
        if (Value.Check(PermissionEvent, event)) listener.hear(event)
      })
      return 'ccproxy closed it'
    } catch (error) {
      return messageOf(error)
    }
  }
}

function isEventStream(reply: IncomingMessage): boolean {
  return reply.headers['content-type']?.startsWith('text/event-stream') === true
}

function notRunning(url: string): string {
  return `No ccproxy answers at ${url}: start it with "ccproxy", or name its address with --url`
}

function refusal(url: string, status: number, text: string): ProxyError {
  if (status === 401) {
    const message = `ccproxy at ${url} does not take the client key: set security.auth_token as it does, or give it with --auth-token`
    return new ProxyError('authentication', message)
  }
  if (status === 403) return new ProxyError('permission', `ccproxy at ${url} refuses: ${text}`)
  if (status >= 500) return new ProxyError('unavailable', `ccproxy at ${url} cannot: ${text}`)
  const message = `No ccproxy with /permissions is at ${url}: check the address and its version`
  return new ProxyError('not_found', message)
}

/** What an error body says. */
function errorText(text: string): string {
  const body = parseJson(text)
  const error = isRecord(body) ? body.error : undefined
  const message = isRecord(error) ? error.message : undefined
  return typeof message === 'string' ? message : text.slice(0, 200)
}
