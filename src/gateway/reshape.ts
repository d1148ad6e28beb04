import { ProxyError } from '../kit/error.ts'
import { isRecord } from '../kit/json.ts'
import { parseExact } from '../kit/json-exact.ts'
import type { Source } from '../kit/pump.ts'
import { type SseFrame, SseParser } from '../kit/sse.ts'
import type { Codec, ReadOptions, WriteOptions } from '../protocol/codec.ts'
import { Assembler, disassemble } from '../protocol/messages/assemble.ts'
import { NEUTRAL_PROFILE } from '../protocol/profile.ts'
import type { Message, Noted } from '../protocol/protocol.ts'
import { WORLD } from './translate.ts'

// An upstream that answers SSE when asked for JSON, or the reverse: its answer is put into the form that was asked
// for, by way of the hub's message.

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** A whole reply as the stream that it would have been. */
export function asEvents(
  codec: Codec,
  bytes: Uint8Array,
  model: string,
  includeUsage: boolean,
): Source {
  const body = parseExact(decoder.decode(bytes))
  if (!isRecord(body)) throw new ProxyError('upstream_protocol', 'Upstream sent no JSON object')
  const { value } = codec.replyIn(body, readOptions(model))
  const out = codec.streamOut(writeOptions(model, includeUsage))
  let text = ''
  for (const event of disassemble(value)) text += out.push(event)
  return { ...ALL_READ, ahead: [encoder.encode(text + out.end())] }
}

/** A stream as the whole reply that it would have been; throws where it ends too early or in an error. */
export async function asBody(codec: Codec, source: Source, model: string): Promise<Uint8Array> {
  const { value } = await foldEvents(codec, source, readOptions(model))
  return encoder.encode(JSON.stringify(codec.replyOut(value, writeOptions(model, true))))
}

/** The message that a stream tells; throws where it ends too early or in an error. */
export async function foldEvents(
  codec: Codec,
  source: Source,
  options: ReadOptions,
): Promise<Noted<Message>> {
  const parser = new SseParser()
  const machine = codec.streamIn(options)
  const assembler = new Assembler()
  const take = (frames: readonly SseFrame[]) => {
    for (const frame of frames) for (const event of machine.push(frame)) assembler.push(event)
  }
  for (const chunk of source.ahead) take(parser.push(chunk))
  for (;;) {
    const { value, done } = await source.reader.read()
    if (done || value === undefined) break
    take(parser.push(value))
  }
  take(parser.end())
  for (const event of machine.end()) assembler.push(event)
  return assembler.end()
}

/** Nothing more to read: what there was is written already. */
export const ALL_READ: Source = {
  reader: { read: async () => ({ done: true }), cancel: async () => undefined },
  ahead: [new Uint8Array(0)],
}

function readOptions(model: string): ReadOptions {
  const none = { names: undefined, stopSequences: undefined }
  return { world: WORLD, model, profile: NEUTRAL_PROFILE, ...none }
}

function writeOptions(model: string, includeUsage: boolean): WriteOptions {
  const hints = { include_usage: includeUsage }
  const turn = { request: { model, messages: [] }, hints, notes: [] }
  return { world: WORLD, model, requestId: '', body: { model, input: [] }, turn }
}
