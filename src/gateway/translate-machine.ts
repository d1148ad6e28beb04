import type { ProxyError } from '../kit/error.ts'
import type { ByteMachine } from '../kit/machine.ts'
import { type SseFrame, SseParser } from '../kit/sse.ts'
import type { Codec, ReadOptions } from '../protocol/codec.ts'
import { disassemble } from '../protocol/messages/assemble.ts'
import { errorOfEvent } from '../protocol/messages/error.ts'
import { tapUsage } from '../protocol/messages/usage.ts'
import type { Message, StreamEvent, StreamIn, StreamOut, Usage } from '../protocol/protocol.ts'
import { TextSplice } from './text-splice.ts'
import { type Noting, noteUnheld, type Translation } from './translate.ts'

const encoder = new TextEncoder()
const NOTHING = new Uint8Array(0)
/** How often a stream may show a new form of its text events before its chunks are no longer compared. */
const PATIENCE = 8

/** `silent` before any content, `open` from the first content on, `closed` once the end or an error was written. */
type State = 'silent' | 'open' | 'closed'

/** Who is told what a stream says of itself. */
interface Told extends Noting {
  readonly usage: Usage
}

/** An upstream's stream in the client's protocol: bytes → frames → hub events → bytes; plain text goes by a splice. */
export class TranslateMachine implements ByteMachine {
  /** Nothing of ours is to be added under `/pt`, not even a ping. */
  readonly #pings: boolean
  readonly cuts = false
  readonly #parser = new SseParser()
  readonly #in: StreamIn
  readonly #out: StreamOut
  readonly #ping: Uint8Array
  readonly #client: Codec
  readonly #told: Told
  #state: State = 'silent'
  #failure: string | undefined
  /** Written before the stream was let begin. */
  #ahead = ''
  /** Set while another piece of text may go by it. */
  #splice: TextSplice | undefined
  #lessons = 0

  constructor(translation: Translation, told: Told, pings: boolean) {
    const read: ReadOptions = translation.read
    this.#in = translation.upstream.streamIn(read)
    this.#out = translation.client.streamOut(translation.write)
    this.#ping = encoder.encode(translation.client.ping)
    this.#client = translation.client
    this.#told = told
    this.#pings = pings
  }

  /** What the upstream's own error said. */
  get failure(): string | undefined {
    return this.#failure
  }

  /**
   * Takes a chunk, or the stream's end, before the client's response has begun; true once there is content to begin
   * it with. Throws the upstream's error, which then still has its own status.
   */
  opens(chunk: Uint8Array | undefined): boolean {
    for (const frame of chunk === undefined ? this.#parser.end() : this.#parser.push(chunk)) {
      for (const event of this.#in.push(frame)) this.#before(event)
    }
    if (chunk === undefined) for (const event of this.#in.end()) this.#before(event)
    return this.#state !== 'silent'
  }

  /** Takes an answer that came whole instead of as a stream, before the client's response has begun. */
  tell(message: Message): void {
    for (const event of disassemble(message)) this.#before(event)
  }

  #before(event: StreamEvent): void {
    // Once there was content, even in the same read, an error belongs into the stream: reads tell nothing.
    if (event.type === 'error' && this.#state === 'silent') throw errorOfEvent(event)
    this.#ahead += this.#event(event)
  }

  push(chunk: Uint8Array): Uint8Array | undefined {
    const splice = this.#splice?.fits(chunk) === true ? this.#splice : undefined
    return splice?.splice(chunk) ?? this.#parse(chunk, splice)
  }

  /** The plain way; `fitting` is the splice that fits this chunk. */
  #parse(chunk: Uint8Array, fitting: TextSplice | undefined): Uint8Array {
    let text = this.#ahead
    this.#ahead = ''
    const frames = this.#parser.push(chunk)
    let events: readonly StreamEvent[] = []
    for (const frame of frames) {
      events = this.#in.push(frame)
      for (const event of events) text += this.#event(event)
    }
    const index = frames.length === 1 ? textIndex(events) : undefined
    // Right after a frame that was one piece of text, another one changes nothing in reader or writer.
    this.#splice = index === undefined ? undefined : (fitting ?? this.#learn(chunk, frames, index))
    return text === '' ? NOTHING : encoder.encode(text)
  }

  #learn(chunk: Uint8Array, [frame]: readonly SseFrame[], index: number): TextSplice | undefined {
    const around = this.#in.around
    const out = this.#out.around?.(index)
    if (frame === undefined || around === undefined || out === undefined) return undefined
    if (this.#lessons === PATIENCE) return undefined
    this.#lessons += 1
    const splice = new TextSplice(frame, around, out)
    return splice.fits(chunk) ? splice : undefined
  }

  end(): Uint8Array | undefined {
    let text = this.#ahead
    this.#ahead = ''
    for (const frame of this.#parser.end()) {
      for (const event of this.#in.push(frame)) text += this.#event(event)
    }
    if (this.#state !== 'closed') for (const event of this.#in.end()) text += this.#event(event)
    text += this.#out.end()
    this.#state = 'closed'
    return encoder.encode(text)
  }

  fail(error: ProxyError): Uint8Array | undefined {
    if (this.#state === 'closed') return undefined
    let text = this.#ahead
    for (const event of this.#in.fail(error)) text += this.#event(event)
    text += this.#out.fail(error)
    this.#state = 'closed'
    return encoder.encode(text)
  }

  ping(): Uint8Array | undefined {
    return this.#pings && this.#state !== 'closed' ? this.#ping : undefined
  }

  #event(event: StreamEvent): string {
    switch (event.type) {
      case 'message_start':
        Object.assign(this.#told.usage, tapUsage(event.message.usage))
        break
      case 'message_delta':
        Object.assign(this.#told.usage, tapUsage(event.usage))
        if (event.delta.stop_reason !== null) this.#told.usage.stopReason = event.delta.stop_reason
        this.#state = 'open'
        break
      case 'error':
        this.#failure ??= errorOfEvent(event).message
        this.#state = 'closed'
        break
      case 'message_stop':
        this.#state = 'closed'
        break
      case 'ping':
        break
      case 'content_block_start':
        this.#state = 'open'
        noteUnheld(this.#client, event.content_block, this.#told)
        break
      case 'content_block_delta':
      case 'content_block_stop':
        this.#state = 'open'
        break
    }
    return this.#out.push(event)
  }
}

/** The block of the one piece of text that the events are; undefined where they are anything else. */
function textIndex([event, ...more]: readonly StreamEvent[]): number | undefined {
  if (event?.type !== 'content_block_delta' || more.length > 0) return undefined
  return event.delta.type === 'text_delta' ? event.index : undefined
}
