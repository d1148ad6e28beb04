import { describe, expect, test } from 'bun:test'
import { ChatReader } from '../../src/protocol/chat/reader.ts'
import { createChatStreamIn } from '../../src/protocol/chat/stream-in.ts'
import { createMessagesStreamIn, renderEvent } from '../../src/protocol/messages/events.ts'
import type { StreamEvent } from '../../src/protocol/protocol.ts'
import { TextTemplate } from '../../src/protocol/text-template.ts'
import { stillWorld } from '../support/golden.ts'

/** A small generator with a seed, so that a failure can be run again. */
function random(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state % below
  }
}

const TEXTS = [
  'Hello',
  ' world',
  '\n',
  '"',
  'a"b',
  '\\',
  '\\"',
  '"}}',
  'é',
  '🎉',
  '\u0001',
  '{"x":1}',
  'assistant',
  '","role":"x',
  ' ',
]

describe('a stream read by its template', () => {
  test('gives the events of the plain way, for any Chat chunks', () => {
    for (let seed = 1; seed <= 400; seed++) {
      const pick = random(seed)
      const machine = createChatStreamIn({ world: stillWorld(), model: 'm' })
      const reader = new ChatReader({ world: stillWorld(), model: 'm' })
      for (let step = 0; step < 40; step++) {
        const chunk = chatChunk(pick)
        reader.chunk(chunk)
        const plain = reader.take()
        const data = spell(JSON.stringify(chunk), pick)
        expect({ seed, step, events: machine.push({ event: '', data }) }).toEqual({
          seed,
          step,
          events: plain,
        })
      }
    }
  })

  test('gives the events of the plain way, for any Messages events', () => {
    for (let seed = 1; seed <= 400; seed++) {
      const pick = random(seed)
      const machine = createMessagesStreamIn()
      machine.push({
        event: 'message_start',
        data: '{"type":"message_start","message":{"usage":{}}}',
      })
      let open: string | undefined
      for (let step = 0; step < 40; step++) {
        const event = messagesEvent(pick)
        const kind = JSON.stringify(event).includes('thinking_delta') ? 'thinking' : 'text'
        const place = `${kind} ${event.index}`
        const ends = event.type === 'content_block_stop'
        if (ends ? open === undefined || !open.endsWith(` ${event.index}`) : place !== open) {
          const start = { type: 'content_block_start', index: event.index }
          const data = JSON.stringify({ ...start, content_block: { type: kind } })
          machine.push({ event: start.type, data })
        }
        open = ends ? undefined : place
        const plain: unknown = [event]
        const data = spell(JSON.stringify(event), pick)
        const events: unknown = machine.push({ event: String(event.type), data })
        expect({ seed, step, events }).toEqual({ seed, step, events: plain })
      }
    }
  })

  test('is not fooled by a frame that only looks alike', () => {
    const template = new TextTemplate()
    const frame = (text: string) => ({ event: '', data: `{"content":"${text}","end":1}` })
    expect(template.learn(frame('a'), 'content', 'a')).toBe(true)
    expect(template.match(frame('plain'))).toBe('plain')
    expect(template.match(frame('\\u00e9\\n'))).toBe('é\n')
    expect(template.match(frame('x","content":"y'))).toBeUndefined()
    expect(template.match(frame('\\'))).toBeUndefined()
    expect(template.match(frame('\\x'))).toBeUndefined()
    expect(template.match({ event: 'error', data: frame('a').data })).toBeUndefined()
  })

  test('does not learn where the text could stand in two places', () => {
    const template = new TextTemplate()
    const data = '{"content":"a","other":{"content":"a"}}'
    expect(template.learn({ event: '', data }, 'content', 'a')).toBe(false)
  })
})

test('a rendered event is its JSON, whichever way it is written', () => {
  for (const text of TEXTS) {
    const event: StreamEvent = {
      type: 'content_block_delta',
      index: 7,
      delta: { type: 'text_delta', text },
    }
    expect(renderEvent(event)).toBe(
      `event: content_block_delta\ndata: ${JSON.stringify(event)}\n\n`,
    )
  }
})

/** Some servers escape what need not be escaped, or write a space after each colon. */
function spell(json: string, pick: (below: number) => number): string {
  if (pick(6) === 0) return json.replace(/é/g, '\\u00e9')
  return pick(10) === 0 ? JSON.stringify(JSON.parse(json), null, 1).replaceAll('\n', '') : json
}

function chatChunk(pick: (below: number) => number): Record<string, unknown> {
  const text = TEXTS[pick(TEXTS.length)]
  const head = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1 }
  const of = (delta: object, more: object = {}) => ({
    ...head,
    choices: [{ index: 0, delta, finish_reason: null, ...more }],
  })
  switch (pick(24)) {
    case 0:
      return of({ role: 'assistant', content: text })
    case 1:
      return of({ reasoning_content: text })
    case 2:
      return of({ content: text, tool_calls: [{ index: pick(2), function: { arguments: '{' } }] })
    case 3:
      return of({ content: text, refusal: 'no' })
    case 4:
      return of({
        tool_calls: [
          { index: pick(2), id: `c${pick(3)}`, function: { name: 'f', arguments: '{}' } },
        ],
      })
    case 5:
      return { ...of({ content: text }), usage: { prompt_tokens: pick(3), completion_tokens: 1 } }
    case 6:
      return of({ content: text }, { finish_reason: pick(20) === 0 ? 'stop' : null })
    case 7:
      return { ...of({ content: text }), obfuscation: String(pick(9)) }
    default:
      return of({ content: text })
  }
}

function messagesEvent(pick: (below: number) => number): Record<string, unknown> {
  const text = TEXTS[pick(TEXTS.length)]
  const index = pick(8) === 0 ? 1 : 0
  switch (pick(12)) {
    case 0:
      return {
        type: 'content_block_delta',
        index,
        delta: { type: 'thinking_delta', thinking: text },
      }
    case 1:
      return {
        type: 'content_block_delta',
        index,
        delta: { type: 'text_delta', text, extra: text },
      }
    case 2:
      return { type: 'content_block_stop', index }
    default:
      return { type: 'content_block_delta', index, delta: { type: 'text_delta', text } }
  }
}
