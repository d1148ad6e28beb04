import { describe, expect, test } from 'bun:test'
import { ProxyError } from '../../src/kit/error.ts'
import { isRecord } from '../../src/kit/json.ts'
import { limitQuirk } from '../../src/protocol/chat/limit-quirk.ts'
import { chatReplyIn } from '../../src/protocol/chat/reply-in.ts'
import { chatRequestIn } from '../../src/protocol/chat/request-in.ts'
import { chatRequestOut } from '../../src/protocol/chat/request-out.ts'
import { createChatStreamIn } from '../../src/protocol/chat/stream-in.ts'
import { createChatStreamOut } from '../../src/protocol/chat/stream-out.ts'
import { assemble, disassemble } from '../../src/protocol/messages/assemble.ts'
import { createMessagesStreamOut } from '../../src/protocol/messages/events.ts'
import type { MessagesRequest } from '../../src/protocol/messages/schema.ts'
import {
  isOwnSignature,
  makeSignature,
  stripOwnThinking,
} from '../../src/protocol/messages/signature.ts'
import { toolNames } from '../../src/protocol/messages/tool-names.ts'
import { NEUTRAL_PROFILE } from '../../src/protocol/profile.ts'
import { recordsIn } from '../../src/protocol/value.ts'
import { breaches, eventLines, goldens, runStream, stillWorld } from '../support/golden.ts'
import { chatInOptions } from './chat-kinds.ts'

const options = () => ({ world: stillWorld(), model: 'claude-x' })
const sse = (...chunks: unknown[]) =>
  new TextEncoder().encode(
    `${chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join('')}data: [DONE]\n\n`,
  )

describe('a JSON reply and the stream of it', () => {
  for (const golden of goldens('chat.reply-in')) {
    const body: unknown = JSON.parse(golden.input)
    if (!isRecord(body) || body.error !== undefined) continue
    const message = recordsIn(body.choices)[0]?.message
    if (!isRecord(message)) continue
    // Malformed arguments are {} in JSON and an error in a stream: translation.md 3.K 12.
    if (golden.id === 'B3') continue
    test(`${golden.id} are the same message`, () => {
      const whole = chatReplyIn(body, chatInOptions(golden)).value
      for (const chunks of [oneChunk(body), manyChunks(body)]) {
        const events = runStream(createChatStreamIn(chatInOptions(golden)), [sse(...chunks)])
        expect(breaches(events)).toEqual([])
        expect(assemble(events).value).toEqual(whole)
      }
    })
  }
})

/** The whole message as one delta. */
function oneChunk(body: Record<string, unknown>): unknown[] {
  const choices = recordsIn(body.choices).map(({ message, ...choice }) => ({
    ...choice,
    delta: message,
  }))
  return [{ ...body, choices }]
}

/** Every word and every argument a character at a time, the calls one after the other. */
function manyChunks(body: Record<string, unknown>): unknown[] {
  const choice = recordsIn(body.choices)[0]
  const message = isRecord(choice?.message) ? choice.message : {}
  const { content, tool_calls, ...rest } = message
  const deltas: object[] = [{ role: 'assistant', ...rest }]
  const text = typeof content === 'string' ? content : ''
  if (Array.isArray(content)) deltas.push({ content })
  for (const letter of text) deltas.push({ content: letter })
  recordsIn(tool_calls).forEach((call, index) => {
    const inner = isRecord(call.function) ? call.function : {}
    const first = { ...call, index, function: { ...inner, arguments: '' } }
    deltas.push({ tool_calls: [first] })
    for (const letter of String(inner.arguments)) {
      deltas.push({ tool_calls: [{ index, function: { arguments: letter } }] })
    }
  })
  return [
    ...deltas.map((delta) => ({ choices: [{ index: 0, delta }] })),
    { choices: [{ index: 0, delta: {}, finish_reason: choice?.finish_reason }] },
    { choices: [], usage: body.usage },
  ]
}

describe('C27: an upstream that fails in the middle', () => {
  const statuses: [ProxyError, string][] = [
    [new ProxyError('upstream_unreachable', 'socket closed'), 'api_error'],
    [new ProxyError('rate_limit', 'slow'), 'rate_limit_error'],
    [new ProxyError('overloaded', 'busy'), 'overloaded_error'],
  ]
  for (const [error, type] of statuses) {
    test(`${error.status} is ${type}, and nothing after it`, () => {
      const machine = createChatStreamIn(options())
      const data = '{"choices":[{"delta":{"content":"a"}}]}'
      machine.push({ event: '', data })
      const events = machine.fail(error)
      expect(events).toEqual([
        { type: 'error', error: { type, message: error.message }, cause: error },
      ])
      expect(machine.push({ event: '', data })).toEqual([])
      expect(machine.end()).toEqual([])
    })
  }

  test('the client sees one error event, with the request id', () => {
    const out = createMessagesStreamOut({ requestId: 'req_1' })
    const text = out.fail(new ProxyError('overloaded', 'busy'))
    expect(text).toBe(
      'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"busy"},"request_id":"req_1"}\n\n',
    )
    expect(out.push({ type: 'message_stop' })).toBe('')
    expect(out.end()).toBe('')
  })
})

describe('A32, A33: long tool names', () => {
  const first = `mcp__plugin_${'x'.repeat(57)}__search`
  const second = `${'x'.repeat(64)}_one`
  const third = `${'x'.repeat(64)}_two`
  const request: MessagesRequest = {
    model: 'm',
    tools: [first, second, third, 'short'].map((name) => ({ name, input_schema: {} })),
    tool_choice: { type: 'tool', name: first },
    messages: [
      { role: 'user', content: 'Go' },
      { role: 'assistant', content: [{ type: 'tool_use', id: 'call_1', name: first, input: {} }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'call_1', content: 'ok' }] },
    ],
  }
  const out = chatRequestOut({ request, hints: {}, notes: [] }, NEUTRAL_PROFILE)
  const sent = recordsIn(out.value.tools).map((tool) =>
    String(isRecord(tool.function) && tool.function.name),
  )

  test('fit, and stay distinct', () => {
    expect(first.length).toBe(77)
    expect(sent.every((name) => name.length <= 64)).toBe(true)
    expect(new Set(sent).size).toBe(4)
    expect(sent[3]).toBe('short')
  })

  test('are the same in the choice and in history', () => {
    expect(out.value.tool_choice).toEqual({ type: 'function', function: { name: sent[0] } })
    expect(JSON.stringify(out.value.messages)).toContain(`"name":"${sent[0]}"`)
    expect(JSON.stringify(out.value)).not.toContain(first)
  })

  test('come back in JSON and in a stream', () => {
    const call = { index: 0, id: 'call_2', function: { name: sent[1], arguments: '{}' } }
    const body = { choices: [{ message: { tool_calls: [call] }, finish_reason: 'tool_calls' }] }
    const inOptions = { ...options(), names: out.names }
    expect(chatReplyIn(body, inOptions).value.content[0]?.name).toBe(second)
    const machine = createChatStreamIn(inOptions)
    expect(eventLines(runStream(machine, [sse(...oneChunk(body))]))).toContain(second)
  })

  test('are the same on the next turn, whatever else is there', () => {
    const later = toolNames({ ...request, tools: [{ name: first }, { name: 'other' }] }, 64)
    expect(later.up(first)).toBe(sent[0] ?? '')
  })
})

describe('ids', () => {
  test('A38: a long user id becomes a hash of 64 characters, the same each time', () => {
    const request: MessagesRequest = {
      model: 'm',
      metadata: { user_id: JSON.stringify({ device_id: 'd'.repeat(64), session_id: 's' }) },
      messages: [{ role: 'user', content: 'Hi' }],
    }
    const profile = { ...NEUTRAL_PROFILE, prompt_cache_key: true }
    const { value } = chatRequestOut({ request, hints: {}, notes: [] }, profile)
    expect(String(value.user)).toMatch(/^[0-9a-f]{64}$/)
    expect(value.prompt_cache_key).toBe(value.user)
    expect(chatRequestOut({ request, hints: {}, notes: [] }, profile).value.user).toBe(value.user)
  })

  test('tool ids fit OpenAI (40) and Mistral (9 letters and digits), equal in call and result', () => {
    const id = `toolu_${'a'.repeat(60)}`
    const request: MessagesRequest = {
      model: 'm',
      messages: [
        { role: 'user', content: 'Go' },
        { role: 'assistant', content: [{ type: 'tool_use', id, name: 'f', input: {} }] },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: id, content: 'ok' }] },
      ],
    }
    const idsWith = (profile: object) => {
      const out = chatRequestOut(
        { request, hints: {}, notes: [] },
        { ...NEUTRAL_PROFILE, ...profile },
      )
      const messages = recordsIn(out.value.messages)
      const call = recordsIn(messages[1]?.tool_calls)[0]?.id
      expect(messages[2]?.tool_call_id).toBe(call)
      return String(call)
    }
    expect(idsWith({ tool_id_length: 40 })).toMatch(/^toolu_a+_[0-9a-z]{13}$/)
    expect(idsWith({ tool_id_length: 40 }).length).toBe(40)
    expect(idsWith({ tool_id_length: 9, tool_id_exact: true })).toMatch(/^[A-Za-z0-9]{9}$/)
  })

  test('F18: a derived user id is stable as the conversation grows, and differs by cache key', () => {
    const messages = [
      { role: 'system', content: 'S' },
      { role: 'user', content: 'Hi' },
    ]
    const idOf = (extra: object, more: object[] = []) =>
      chatRequestIn({
        model: 'm',
        messages: [...messages, ...more].map((m) => ({ role: 'user', ...m })),
        ...extra,
      }).request.metadata?.user_id
    const first = idOf({})
    expect(first).toMatch(/^user_[0-9a-f]{32}$/)
    expect(
      idOf({}, [
        { role: 'assistant', content: 'A' },
        { role: 'user', content: 'B' },
      ]),
    ).toBe(first ?? '')
    expect(idOf({}, [{ role: 'user', content: 'merged' }])).toBe(first ?? '')
    expect(idOf({ prompt_cache_key: 'a' })).not.toBe(idOf({ prompt_cache_key: 'b' }))
  })
})

describe('signatures of our own', () => {
  const ours = makeSignature({ origin: 'chat' })
  const thinking = (signature: string) => ({ type: 'thinking', thinking: 'Hm', signature })

  test('are removed before a real Anthropic upstream, genuine ones pass untouched', () => {
    const genuine = { role: 'assistant', content: [thinking('EqR=='), { type: 'text', text: 'a' }] }
    const request: MessagesRequest = {
      model: 'm',
      messages: [
        genuine,
        { role: 'assistant', content: [thinking(ours), { type: 'text', text: 'b' }] },
        { role: 'assistant', content: [thinking(ours)] },
      ],
    }
    const out = stripOwnThinking(request)
    expect(out.messages).toEqual([
      genuine,
      { role: 'assistant', content: [{ type: 'text', text: 'b' }] },
    ])
    expect(out.messages[0]).toBe(genuine)
    const clean: MessagesRequest = { model: 'm', messages: [genuine] }
    expect(stripOwnThinking(clean)).toBe(clean)
    expect(isOwnSignature(`${ours}x`)).toBe(true)
    const redacted = (data: string) => ({ type: 'redacted_thinking', data })
    const hidden = { role: 'assistant', content: [redacted(ours), redacted('EqR==')] }
    expect(stripOwnThinking({ model: 'm', messages: [hidden] }).messages).toEqual([
      { role: 'assistant', content: [redacted('EqR==')] },
    ])
  })

  test('are missing where nobody signed: only a request that we wrote ourselves loses such thoughts', () => {
    const content = [{ type: 'thinking', thinking: 'Hm' }, thinking(''), thinking('EqR==')]
    const request: MessagesRequest = { model: 'm', messages: [{ role: 'assistant', content }] }
    expect(stripOwnThinking(request)).toBe(request)
    expect(stripOwnThinking(request, 'unsigned').messages[0]?.content).toEqual([thinking('EqR==')])
  })

  test('carry OpenRouter details there and back', () => {
    const details = [
      { type: 'reasoning.encrypted', data: 'AB', index: 0 },
      { type: 'reasoning.encrypted', data: 'CD', index: 0 },
    ]
    const chunks = [
      { choices: [{ delta: { reasoning: 'Hm', reasoning_details: [details[0]] } }] },
      { choices: [{ delta: { reasoning_details: [details[1]] } }] },
      {
        choices: [
          {
            delta: {
              tool_calls: [{ index: 0, id: 'c', function: { name: 'f', arguments: '{}' } }],
            },
            finish_reason: 'tool_calls',
          },
        ],
      },
    ]
    const { value } = assemble(runStream(createChatStreamIn(options()), [sse(...chunks)]))
    const request: MessagesRequest = {
      model: 'm',
      messages: [
        { role: 'assistant', content: value.content },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'c', content: 'ok' }] },
      ],
    }
    const profile = { ...NEUTRAL_PROFILE, replay_reasoning: 'reasoning_details' as const }
    const up = chatRequestOut({ request, hints: {}, notes: [] }, profile).value
    expect(recordsIn(up.messages)[0]?.reasoning_details).toEqual([
      { type: 'reasoning.encrypted', data: 'ABCD', index: 0 },
    ])
  })

  test('a chat client that echoes reasoning_details gives the true thinking back', () => {
    const message = {
      ...base('end_turn'),
      content: [thinking('EqR=='), { type: 'text', text: 'Hi' }],
    }
    const machine = createChatStreamOut({ world: stillWorld(), model: 'gpt-x' })
    const text = disassemble(message)
      .map((event) => machine.push(event))
      .join('')
    const chunk = text.split('\n').find((line) => line.includes('reasoning_details')) ?? ''
    const parsed: unknown = JSON.parse(chunk.slice('data: '.length))
    const delta = isRecord(parsed) ? recordsIn(parsed.choices)[0]?.delta : undefined
    if (!isRecord(delta)) throw new Error('no delta')
    const turn = chatRequestIn({
      model: 'm',
      messages: [
        { role: 'user', content: 'Go' },
        {
          role: 'assistant',
          content: 'Hi',
          reasoning_content: 'Hm',
          reasoning_details: delta.reasoning_details,
        },
      ],
    })
    expect(turn.request.messages[1]?.content).toEqual(message.content)
  })
})

function base(stop_reason: string) {
  return {
    id: 'msg_1',
    type: 'message' as const,
    role: 'assistant' as const,
    model: 'm',
    content: [],
    stop_reason,
    stop_sequence: null,
    usage: { input_tokens: 1, output_tokens: 1 },
  }
}

describe('A43: what a 400 teaches of the limit', () => {
  const taught = (message: string, known = 0) =>
    limitQuirk(message, { ...NEUTRAL_PROFILE, max_output_tokens: known })

  test('the other name of its field', () => {
    const message =
      "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
    expect(taught(message)).toEqual({ max_tokens_field: 'max_completion_tokens' })
  })

  for (const [vendor, message, cap] of [
    ['Qwen', '<400> InternalError.Algo.InvalidParameter: Range of max_tokens should be [1, 8192]'],
    ['DeepSeek', 'Invalid max_tokens value, the valid range of max_tokens is [1, 8192]'],
    [
      'Groq',
      '`max_completion_tokens` must be less than or equal to `16384`, the maximum value for `max_completion_tokens` is less than the `context_window` for this model',
      16_384,
    ],
    [
      'OpenAI',
      'max_tokens is too large: 64000. This model supports at most 16384 completion tokens, whereas you provided 64000.',
      16_384,
    ],
    [
      'Claude behind a gateway',
      'max_tokens: 128000 > 64000, which is the maximum allowed number of output tokens for claude-sonnet-4-5',
      64_000,
    ],
    [
      'Bedrock',
      'The maximum tokens you requested exceeds the model limit of 4096. Try again with a maximum tokens value that is lower than 4096.',
      4096,
    ],
  ] as const) {
    test(`the most that ${vendor} gives`, () => {
      expect(taught(message)).toEqual({ max_output_tokens: cap ?? 8192 })
      // What is known already, or less, is not why it was refused.
      expect(taught(message, cap ?? 8192)).toBeUndefined()
      expect(taught(message, 100_000)).toEqual({ max_output_tokens: cap ?? 8192 })
    })
  }

  test('nothing where it says no more, or where prompt and answer do not fit together', () => {
    expect(taught('max_tokens is too large')).toBeUndefined()
    // vLLM names both fields.
    const tooLarge =
      "'max_tokens' or 'max_completion_tokens' is too large: 64000. This model's maximum context length is 32768 tokens and your request has 9 input tokens (64000 > 32768 - 9)."
    expect(taught(tooLarge)).toBeUndefined()
  })
})

test('a call of megabytes that others wait for is looked through once', () => {
  const args = JSON.stringify({ code: '}🙂{"'.repeat(300_000) })
  const delta = (...tool_calls: object[]) => ({ choices: [{ index: 0, delta: { tool_calls } }] })
  const begin = (index: number, id: string) => ({ index, id, function: { name: id } })
  const grow = (index: number, text: string) => delta({ index, function: { arguments: text } })
  const pieces: object[] = []
  for (let at = 0; at < args.length; at += 97) pieces.push(grow(0, args.slice(at, at + 97)))
  const finish = { choices: [{ index: 0, delta: {}, finish_reason: 'tool_calls' }] }
  const bytes = sse(delta(begin(0, 'first'), begin(1, 'second')), ...pieces, grow(1, '{}'), finish)
  const started = performance.now()
  const { value } = assemble(runStream(createChatStreamIn(options()), [bytes]))
  // Each piece parsed anew took the square of their number: 13 s here.
  expect(performance.now() - started).toBeLessThan(5000)
  expect(value.content.map(({ name }) => name)).toEqual(['first', 'second'])
  expect(JSON.stringify(value.content[0]?.input)).toBe(args)
})
