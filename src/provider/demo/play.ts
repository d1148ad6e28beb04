import { type Beat, beats, type Script } from './script.ts'
import type { DemoWorld } from './world.ts'

const encoder = new TextEncoder()

/** Writes one beat as a wire's server-sent events; an empty text sends nothing. */
export type BeatWriter = (beat: Exclude<Beat, { at: 'wait' | 'cut' }>) => string

/**
 * Plays a script as a byte stream that is made on demand: nothing runs while nobody reads, and a
 * reader that leaves, or the request's abort, ends it at once.
 */
export function playStream(
  script: Script,
  write: BeatWriter,
  world: DemoWorld,
  request: AbortSignal,
): ReadableStream<Uint8Array> {
  const reader = new AbortController()
  const signal = AbortSignal.any([request, reader.signal])
  const steps = beats(script)
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        signal.addEventListener('abort', () => controller.error(signal.reason), { once: true })
      },
      async pull(controller) {
        for (;;) {
          signal.throwIfAborted()
          const next = steps.next()
          if (next.done) return controller.close()
          const beat = next.value
          if (beat.at === 'cut') throw new Error('The demo upstream cut its stream, as asked')
          if (beat.at === 'wait') {
            await world.sleep(beat.ms, signal)
            continue
          }
          const text = write(beat)
          if (text !== '') return controller.enqueue(encoder.encode(text))
        }
      },
      cancel(reason) {
        reader.abort(reason)
      },
    },
    { highWaterMark: 0 },
  )
}

/** Waits as long as the script's stream would take, for a reply that comes as a whole. */
export async function waitOut(
  script: Script,
  world: DemoWorld,
  signal: AbortSignal,
): Promise<void> {
  let total = 0
  for (const beat of beats({ ...script, mishap: undefined })) {
    if (beat.at === 'wait') total += beat.ms
  }
  if (total >= 1) await world.sleep(Math.round(total), signal)
  signal.throwIfAborted()
}
