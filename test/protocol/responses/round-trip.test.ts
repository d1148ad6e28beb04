import { expect, test } from 'bun:test'
import { isRecord } from '../../../src/kit/json.ts'
import { assemble, disassemble } from '../../../src/protocol/messages/assemble.ts'
import type { Block } from '../../../src/protocol/messages/schema.ts'
import type { Message, StreamEvent } from '../../../src/protocol/protocol.ts'
import { responsesReplyIn } from '../../../src/protocol/responses/reply-in.ts'
import { responsesReplyOut } from '../../../src/protocol/responses/reply-out.ts'
import { responsesRequestIn } from '../../../src/protocol/responses/request-in.ts'
import { createResponsesStreamIn } from '../../../src/protocol/responses/stream-in.ts'
import { createResponsesStreamOut } from '../../../src/protocol/responses/stream-out.ts'
import { recordsIn } from '../../../src/protocol/value.ts'
import { breaches, goldens, runStream, stillWorld } from '../../support/golden.ts'
import { hubEvents } from '../responses-kinds.ts'
import { ResponseStreamChecker } from './response-stream.ts'

const REQUEST = {
  model: 'gpt-alias',
  input: 'Q',
  tools: [
    { type: 'custom', name: 'apply_patch' },
    { type: 'function', name: 'f' },
    { type: 'namespace', name: 'mcp__x', tools: [{ type: 'function', name: 'g' }] },
  ],
}

/** A small generator with a seed: the same answers every run. */
function dice(seed: number): (sides: number) => number {
  let state = seed + 1
  return (sides) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
    return (state >> 8) % sides
  }
}

const WORDS = [
  'a',
  '"',
  '\\',
  '\n',
  'é',
  '🎈',
  '\u0000',
  'word ',
  '{"input":"',
  '}',
  '\u2028',
  '\t',
]

function words(roll: (sides: number) => number): string {
  return Array.from({ length: 1 + roll(12) }, () => WORDS[roll(WORDS.length)]).join('')
}

function block(roll: (sides: number) => number, place: number): Block {
  const id = `toolu_${place}`
  switch (roll(6)) {
    case 0:
      return { type: 'thinking', thinking: words(roll), signature: `EqQB${place}` }
    case 1:
      return { type: 'redacted_thinking', data: `Ered${place}` }
    case 2:
      return {
        type: 'tool_use',
        id,
        name: 'f',
        input: roll(2) === 0 ? {} : { a: words(roll), b: [1] },
      }
    case 3:
      return { type: 'tool_use', id, name: 'apply_patch', input: { input: words(roll) } }
    case 4:
      return { type: 'tool_use', id, name: 'mcp__x__g', input: { q: words(roll) } }
    default:
      return { type: 'text', text: words(roll) }
  }
}

function message(seed: number): Message {
  const roll = dice(seed)
  const content = Array.from({ length: roll(6) }, (_, place) => block(roll, place))
  const called = content.some((one) => one.type === 'tool_use')
  return {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'claude-opus-5',
    content,
    stop_reason: called ? 'tool_use' : 'end_turn',
    stop_sequence: null,
    usage: {
      input_tokens: roll(100),
      cache_read_input_tokens: roll(100),
      cache_creation_input_tokens: roll(100),
      output_tokens: roll(100),
    },
  }
}

/** The events of a message, its deltas cut into pieces of up to three code units. */
function cutEvents(from: Message, seed: number): StreamEvent[] {
  const roll = dice(seed)
  return disassemble(from).flatMap((event): StreamEvent[] => {
    if (event.type !== 'content_block_delta') return [event]
    const { delta } = event
    if (delta.type === 'text_delta') {
      return pieces(delta.text, roll).map((text) => ({ ...event, delta: { ...delta, text } }))
    }
    if (delta.type === 'thinking_delta') {
      return pieces(delta.thinking, roll).map((thinking) => ({
        ...event,
        delta: { ...delta, thinking },
      }))
    }
    if (delta.type !== 'input_json_delta') return [event]
    return pieces(delta.partial_json, roll).map((partial_json) => ({
      ...event,
      delta: { ...delta, partial_json },
    }))
  })
}

function pieces(text: string, roll: (sides: number) => number): string[] {
  const found: string[] = []
  for (let from = 0; from < text.length; ) {
    const length = 1 + roll(3)
    found.push(text.slice(from, from + length))
    from += length
  }
  return found
}

function streamed(events: readonly StreamEvent[], request: unknown = REQUEST) {
  const out = createResponsesStreamOut({ request, world: stillWorld() })
  const text = events.map((event) => out.push(event)).join('')
  const sent = ResponseStreamChecker.check(text)
  const response = sent.at(-1)?.response
  if (!isRecord(response)) throw new Error('No response at the end')
  return { text, response }
}

/** Neighbouring texts as one: a response's message holds them together. */
function joined(content: readonly Block[]): Block[] {
  const found: Block[] = []
  for (const one of content) {
    const last = found.at(-1)
    if (one.type === 'text' && last?.type === 'text') {
      found[found.length - 1] = { ...last, text: `${last.text}${one.text}` }
    } else found.push(one)
  }
  return found
}

const SEEDS = Array.from({ length: 300 }, (_, seed) => seed)

test('A streamed reply ends with the response that the whole reply is', () => {
  for (const seed of SEEDS) {
    const reply = message(seed)
    const options = { request: REQUEST, world: stillWorld() }
    expect(streamed(cutEvents(reply, seed)).response).toEqual(responsesReplyOut(reply, options))
  }
})

test('The golden streams end with the response that their whole reply is', () => {
  const whole = goldens('responses.stream-out').filter(
    ({ input }) => input.includes('message_stop') && !input.includes('max_tokens'),
  )
  expect(whole.length).toBeGreaterThan(8)
  for (const golden of whole) {
    const events = hubEvents(golden.input)
    const { request } = golden.headers
    const { value } = assemble(events)
    const response = responsesReplyOut(value, { request, world: stillWorld() })
    expect(response).toEqual(streamed(events, request).response)
  }
})

test('What a client sends back of a reply is what Claude said, byte for byte', () => {
  for (const seed of SEEDS) {
    const reply = message(seed)
    const { response } = streamed(cutEvents(reply, seed))
    const output = recordsIn(response.output)
    const calls = output.filter((item) => typeof item.call_id === 'string')
    const results = calls.map((call) => ({
      type: call.type === 'custom_tool_call' ? 'custom_tool_call_output' : 'function_call_output',
      call_id: call.call_id,
      output: 'R',
    }))
    const input = [{ role: 'user', content: 'Q' }, ...output, ...results]
    const turn = responsesRequestIn({ ...REQUEST, input })
    const said = turn.request.messages[1]?.content ?? []
    if (typeof said === 'string') throw new Error('Blocks are expected')
    // Calls stand last in their turn; blank text is not sent again.
    const sent = joined(reply.content).filter(
      (one) => one.type !== 'text' || one.text?.trim() !== '',
    )
    const expected = [
      ...sent.filter((one) => one.type !== 'tool_use'),
      ...sent.filter((one) => one.type === 'tool_use'),
    ]
    expect(said).toEqual(expected)
  }
})

test('JSON and SSE of a response are the same message in the hub', () => {
  for (const seed of SEEDS) {
    // The tools have no other form here, as an upstream of ours would see them.
    const { text, response } = streamed(cutEvents(message(seed), seed), { model: 'm', input: 'Q' })
    const options = () => ({ world: stillWorld(), model: 'm', upstream: 'u' })
    const chunks = [new TextEncoder().encode(text)]
    const events = runStream(createResponsesStreamIn(options()), chunks)
    expect(breaches(events)).toEqual([])
    const fromStream = assemble(events).value
    expect(fromStream).toEqual(responsesReplyIn(response, options()).value)
    expect(fromStream.content.filter((one) => one.type === 'tool_use')).toEqual(
      message(seed).content.filter((one) => one.type === 'tool_use'),
    )
  }
})
