import { type SseFrame, SseParser } from '../../../../src/kit/sse.ts'
import type { StreamEvent, StreamIn, World } from '../../../../src/protocol/protocol.ts'

/** A world that stands still: ids count up, time does not pass. */
export function stillWorld(): World {
  let count = 0
  return {
    id() {
      count += 1
      return String(count).padStart(24, '0')
    },
    now: () => 1_700_000_000,
  }
}

/** The frames of a text, its bytes cut at these places. */
export function framesOf(bytes: Uint8Array, cuts: readonly number[] = []): SseFrame[] {
  const parser = new SseParser()
  const frames: SseFrame[] = []
  let from = 0
  for (const cut of [...cuts, bytes.length]) {
    frames.push(...parser.push(bytes.subarray(from, cut)))
    from = cut
  }
  return [...frames, ...parser.end()]
}

/** All events that a machine makes of these frames and their end. */
export function run(machine: StreamIn, frames: readonly SseFrame[]): StreamEvent[] {
  const events = frames.flatMap((frame) => machine.push(frame))
  return [...events, ...machine.end()]
}
