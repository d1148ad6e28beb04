import { SseParser } from '../../src/kit/sse.ts'
import type { Json } from './fake-reply.ts'
import { isJson } from './fake-reply.ts'
import { until } from './wait.ts'

/** One event as it came. */
export interface HeardEvent {
  readonly event: string
  readonly data: Json
}

/** Somebody who listens at GET /permissions/stream. */
export interface PermissionListener {
  readonly response: Response
  readonly heard: readonly HeardEvent[]
  /** Whether the server ended the stream. */
  readonly ended: () => boolean
  /** Waits for so many events of a name and gives the last of them. */
  event(name: string, count?: number): Promise<Json>
  leave(): void
}

/** Listens at a server, as a dashboard would. */
export async function listenAt(url: string, key?: string): Promise<PermissionListener> {
  const abort = new AbortController()
  const response = await fetch(`${url}/permissions/stream`, {
    signal: abort.signal,
    headers: key === undefined ? {} : { 'x-api-key': key },
  })
  const heard: HeardEvent[] = []
  let ended = false
  void read(response, heard).then(
    () => {
      ended = true
    },
    // Leaving breaks the stream; a test that waits for more says what it missed.
    () => undefined,
  )
  return {
    response,
    heard,
    ended: () => ended,
    async event(name, count = 1) {
      const named = () => heard.filter(({ event }) => event === name)
      await until(`${count} × ${name}`, () => named().length >= count)
      return named()[count - 1]?.data ?? {}
    },
    leave: () => abort.abort(),
  }
}

async function read({ body }: Response, heard: HeardEvent[]): Promise<void> {
  const parser = new SseParser()
  for await (const chunk of body ?? []) {
    for (const { event, data } of parser.push(chunk)) {
      const value: unknown = JSON.parse(data)
      if (!isJson(value)) throw new Error(`Event "${event}" holds no object: ${data}`)
      heard.push({ event, data: value })
    }
  }
}

/** Answers a request as any HTTP client would. */
export function answer(
  url: string,
  id: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  return fetch(`${url}/permissions/${id}/respond`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
}
