import { ProxyError } from '../kit/error.ts'
import { FrameHolder } from '../kit/frames.ts'
import type { ByteMachine } from '../kit/machine.ts'
import type { Tap } from '../protocol/codec.ts'
import type { ErrorShape } from '../protocol/protocol.ts'

const encoder = new TextEncoder()

/** What a passed-through stream of events may be given beside its own bytes. */
export interface PassthroughOptions {
  readonly tap: Tap
  readonly errors: ErrorShape
  readonly requestId: string
  /** The text that keeps a silent stream alive. */
  readonly ping: string
}

/**
 * Events as they came, whole ones only: so a ping always falls between two, and a cut stream can be ended with an
 * error event instead of half an event.
 */
export function passWhole(options: PassthroughOptions): ByteMachine {
  const holder = new FrameHolder()
  const ping = encoder.encode(options.ping)
  const failure = (error: ProxyError) =>
    encoder.encode(options.errors.event(error, options.requestId))
  return {
    cuts: false,
    push(chunk) {
      const whole = holder.push(chunk)
      if (whole.length > 0) options.tap.events(whole)
      return whole
    },
    end() {
      const rest = holder.rest()
      options.tap.events(rest)
      if (options.tap.ended) return rest
      throw new ProxyError(
        'upstream_unreachable',
        'Upstream ended its stream before the last event',
      )
    },
    fail: (error) => (options.tap.ended ? undefined : failure(error)),
    ping: () => (options.tap.ended ? undefined : ping),
    get failure() {
      return options.tap.failure
    },
  }
}

/** Events as they came and not a byte more: the passthrough mode's promise. */
export function passUntouched(tap: Tap): ByteMachine {
  const holder = new FrameHolder()
  return {
    cuts: true,
    push(chunk) {
      tap.events(holder.push(chunk))
      return chunk
    },
    end() {
      tap.events(holder.rest())
      return undefined
    },
    fail: () => undefined,
    ping: () => undefined,
    get failure() {
      return tap.failure
    },
  }
}

/** Bytes of no known form: files, results of batches. */
export function passRaw(): ByteMachine {
  return {
    cuts: true,
    push: (chunk) => chunk,
    end: () => undefined,
    fail: () => undefined,
    ping: () => undefined,
  }
}
