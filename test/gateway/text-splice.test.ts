import { describe, expect, test } from 'bun:test'
import { TextSplice } from '../../src/gateway/text-splice.ts'
import { TranslateMachine } from '../../src/gateway/translate-machine.ts'
import type { Codec } from '../../src/protocol/codec.ts'
import { CODECS } from '../../src/protocol/index.ts'
import { NEUTRAL_PROFILE } from '../../src/protocol/profile.ts'
import { stillWorld } from '../support/golden.ts'

type Pick = (below: number) => number

/** A small generator with a seed, so that a failure can be run again. */
function random(seed: number): Pick {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return (state >>> 8) % below
  }
}

const TEXTS = ['Hello', ' world', 'plain', ' ', '~', '\n', 'a"b', '\\', 'é', '🎉', '\u0001', '"}}']
const START = '{"type":"message_start","message":{"usage":{"input_tokens":1}}}'

/** A Messages stream, each event as its bytes. */
function messagesEvents(pick: Pick): string[] {
  const of = (type: string, fields: object) =>
    `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`
  const events = [`event: message_start\ndata: ${START}\n\n`]
  for (let index = 0; index < 3; index++) {
    const content_block = { type: 'text', text: '' }
    events.push(of('content_block_start', { index, content_block }))
    for (let step = 0; step < 20; step++) {
      const text = TEXTS[pick(TEXTS.length)]
      const delta =
        pick(12) === 0 ? { type: 'thinking_delta', thinking: text } : { type: 'text_delta', text }
      const more = pick(15) === 0 ? { extra: text } : {}
      events.push(
        of('content_block_delta', { index, delta, ...more }),
        ...(pick(15) === 0 ? ['event: ping\ndata: {"type":"ping"}\n\n', ': note\n\n'] : []),
      )
    }
    events.push(of('content_block_stop', { index }))
  }
  const usage = { output_tokens: 5 }
  const delta = { stop_reason: 'end_turn' }
  events.push(of('message_delta', { delta, usage }))
  return [...events, 'event: message_stop\ndata: {"type":"message_stop"}\n\n']
}

/** A Chat stream, each chunk as its bytes. */
function chatEvents(pick: Pick): string[] {
  const of = (delta: object, more: object = {}) => {
    const choices = [{ index: 0, delta, finish_reason: null }]
    return `data: ${JSON.stringify({ id: 'chatcmpl-1', created: 1, choices, ...more })}\n\n`
  }
  const events = [of({ role: 'assistant', content: '' })]
  for (let step = 0; step < 60; step++) {
    const content = TEXTS[pick(TEXTS.length)]
    const call = { index: pick(2), id: 'c1', function: { name: 'f', arguments: '{}' } }
    const kind = pick(30)
    if (kind === 0) events.push(of({ reasoning_content: content }))
    else if (kind === 1) events.push(of({ content, tool_calls: [call] }))
    else if (kind === 2) events.push(of({ content }, { usage: { prompt_tokens: step } }))
    else if (kind === 3) events.push(of({ content, refusal: 'no' }), ': note\n\n')
    else events.push(of({ content }))
  }
  const last = { id: 'chatcmpl-1', choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }
  return [...events, `data: ${JSON.stringify(last)}\n\n`, 'data: [DONE]\n\n']
}

function machineFor(client: Codec, upstream: Codec): TranslateMachine {
  const request = { model: 'm', messages: [] }
  const turn = { request, hints: { include_usage: true }, notes: [] }
  const world = stillWorld()
  const none = { names: undefined, stopSequences: undefined }
  return new TranslateMachine(
    {
      client,
      upstream,
      body: new Uint8Array(0),
      betas: [],
      notes: [],
      profile: NEUTRAL_PROFILE,
      read: { world, model: 'm', profile: NEUTRAL_PROFILE, ...none },
      write: { world, model: 'm', requestId: 'req', body: { model: 'm', input: [] }, turn },
    },
    { usage: {}, note: () => undefined },
    true,
  )
}

const encoder = new TextEncoder()

function run(machine: TranslateMachine, chunks: readonly Uint8Array[]): string {
  const out: Buffer[] = []
  for (const chunk of chunks) out.push(Buffer.from(machine.push(chunk) ?? []))
  out.push(Buffer.from(machine.end() ?? []))
  return Buffer.concat(out).toString()
}

const WAYS = [
  { upstream: CODECS.messages, client: CODECS.chat, events: messagesEvents },
  { upstream: CODECS.messages, client: CODECS.responses, events: messagesEvents },
  { upstream: CODECS.chat, client: CODECS.messages, events: chatEvents },
  { upstream: CODECS.chat, client: CODECS.responses, events: chatEvents },
]

/** Mostly one event a chunk, sometimes several. */
function grouped(events: readonly string[], pick: Pick): string[] {
  const chunks: string[] = []
  for (const event of events) {
    if (pick(6) === 0) chunks.push((chunks.pop() ?? '') + event)
    else chunks.push(event)
  }
  return chunks
}

describe('a translated stream of whole events', () => {
  for (const { upstream, client, events } of WAYS) {
    // Single bytes are never a whole event, so nothing of them goes by the splice.
    test(`${upstream.name} to ${client.name} is the same as byte by byte`, () => {
      for (let seed = 1; seed <= 150; seed++) {
        const stream = events(random(seed))
        const whole = grouped(stream, random(seed)).map((events) => encoder.encode(events))
        const bytes = [...encoder.encode(stream.join(''))].map((byte) => Uint8Array.of(byte))
        const plain = run(machineFor(client, upstream), bytes)
        expect({ seed, text: run(machineFor(client, upstream), whole) }).toEqual({
          seed,
          text: plain,
        })
      }
    })
  }
})

test('only plain text of the learnt form is spliced', () => {
  const around = { head: '{"text":"', tail: '"}' }
  const out = { head: '<', tail: '>' }
  const splice = new TextSplice({ event: 'delta', data: '' }, around, out)
  const chunk = (text: string) => encoder.encode(`event: delta\ndata: {"text":"${text}"}\n\n`)
  expect(splice.fits(chunk('two ~'))).toBe(true)
  expect(Buffer.from(splice.splice(chunk('two ~')) ?? []).toString()).toBe('<two ~>')
  for (const text of ['"', '\\n', '\n', 'é', '\u007f']) {
    expect(splice.splice(chunk(text))).toBeUndefined()
  }
  for (const other of ['', 'data: {"text":"a"}\n\n', 'event: delta\ndata: {"text":"a"}\n']) {
    expect(splice.fits(encoder.encode(other))).toBe(false)
  }
  expect(splice.fits(chunk(''))).toBe(false)
})
