import { isJson, type Json } from './fake-reply.ts'
import { until } from './wait.ts'

/** One event as it came. */
interface HeardEvent {
  readonly event: string
  readonly id?: string | undefined
  readonly data: Json
}

/** Somebody who listens to a stream of server-sent events. */
export interface EventListener {
  readonly response: Response
  readonly heard: readonly HeardEvent[]
  /** Whether the server ended the stream in order. */
  readonly ended: () => boolean
  /** Waits for so many events of a name and gives the last of them. */
  event(name: string, count?: number): Promise<HeardEvent>
  leave(): void
}

/** Listens as a page would. */
export async function listenTo(
  url: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<EventListener> {
  const abort = new AbortController()
  const response = await fetch(url, { signal: abort.signal, headers })
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
    ...{ response, heard },
    ended: () => ended,
    async event(name, count = 1) {
      const named = () => heard.filter(({ event }) => event === name)
      await until(`${count} × ${name}`, () => named().length >= count)
      const found = named()[count - 1]
      if (found === undefined) throw new Error(`No event "${name}"`)
      return found
    },
    leave: () => abort.abort(),
  }
}

async function read({ body }: Response, heard: HeardEvent[]): Promise<void> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of body ?? []) {
    const blocks = (rest + decoder.decode(chunk, { stream: true })).split('\n\n')
    rest = blocks.pop() ?? ''
    heard.push(...blocks.map(readEvent))
  }
}

function readEvent(block: string): HeardEvent {
  const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1]
  const data: unknown = JSON.parse(field('data') ?? 'null')
  if (!isJson(data)) throw new Error(`Event holds no object: ${block}`)
  return { event: field('event') ?? 'message', id: field('id'), data }
}
