import type { IncomingMessage } from 'node:http'
import { type SseFrame, SseParser } from '../../kit/sse.ts'

/** The server pings every 30 s: after this it is gone, ms. */
const SILENCE_MS = 75_000

/** How long to wait before a stream that broke is opened again, ms; doubled each time it fails. */
export const RETRY_MS = { first: 500, longest: 5000 } as const

/** Hears the events of the running proxy until it ends the stream; throws where the stream breaks or falls silent. */
export async function hearEvents(
  stream: IncomingMessage,
  hear: (event: SseFrame) => void,
): Promise<void> {
  const parser = new SseParser()
  const silent = () => stream.destroy(new Error(`nothing came for ${SILENCE_MS / 1000} s`))
  let timer = setTimeout(silent, SILENCE_MS)
  try {
    for await (const chunk of stream) {
      clearTimeout(timer)
      timer = setTimeout(silent, SILENCE_MS)
      for (const event of parser.push(chunk)) hear(event)
    }
  } finally {
    clearTimeout(timer)
  }
}
