import type { ProxyError } from '../kit/error.ts'
import type { Machine } from '../kit/machine.ts'
import type { SseFrame } from '../kit/sse.ts'
import type { Message, MessagesRequest, StreamEvent } from './messages/schema.ts'

/** The three wire protocols that clients and upstreams speak. */
export type ProtocolName = 'messages' | 'chat' | 'responses'

/** What Messages cannot say, kept for an encoder that can use it (`seed`, `n`, `logprobs`, …). */
export type Hints = Record<string, unknown>

/** One sentence that names what a translation dropped or approximated: `temperature: not supported by …`. */
export type Note = string

/** A client's request, read into the hub's form. */
export interface Turn {
  readonly request: MessagesRequest
  readonly hints: Hints
  readonly notes: Note[]
}

/** A translation result with the notes of what it could not carry. */
export interface Noted<Value> {
  readonly value: Value
  readonly notes: Note[]
}

/** What a reply says of its size and end, as a tap or a codec saw it; what was never said stays absent. */
export interface Usage {
  input?: number
  output?: number
  cacheRead?: number
  /** All that was written to the cache; the two below are parts of it, where the upstream tells them. */
  cacheWrite?: number
  cacheWrite5m?: number
  cacheWrite1h?: number
  /** The part of `output` that was thought. */
  thinking?: number
  /** Searches that the upstream made and bills by number. */
  webSearches?: number
  /** What makes all of it dearer or cheaper: the fast mode, US-only inference, the batch tier. */
  fast?: boolean
  usOnly?: boolean
  batch?: boolean
  /** Why the model stopped, in the upstream protocol's own word. */
  stopReason?: string
}

/** What stands before and after a text in a JSON string, its quotes included. */
export interface Around {
  readonly head: string
  readonly tail: string
}

/** Upstream frames of one protocol → hub events. */
export interface StreamIn extends Machine<SseFrame, StreamEvent[]> {
  /** What stands around the text in the data of frames that say nothing but text, once that is known. */
  readonly around?: Around | undefined
}

/** Hub events → the text of the client protocol's SSE. */
export interface StreamOut extends Machine<StreamEvent, string> {
  /** What is written around a piece of text of the block at `index`, where writing it changes nothing here. */
  around?(index: number): Around
}

/** What a protocol's pure functions are given of the world: ids and time come in as arguments. */
export interface World {
  /** A fresh random id body of [A-Za-z0-9], 24 characters. */
  id(): string
  /** Seconds since the epoch. */
  now(): number
}

/** An error as a protocol writes it: the JSON body of a reply and the frame that ends a stream. */
export interface ErrorShape {
  /** Whether an upstream's error body is in this shape already. */
  isOwn(body: unknown): boolean
  body(error: ProxyError, requestId: string): string
  event(error: ProxyError, requestId: string): string
}

export type { Machine, Message, MessagesRequest, StreamEvent }
