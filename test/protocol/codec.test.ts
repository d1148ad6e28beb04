import { expect, test } from 'bun:test'
import { chatCodec } from '../../src/protocol/chat/codec.ts'
import type { ReadOptions } from '../../src/protocol/codec.ts'
import { toolNames } from '../../src/protocol/messages/tool-names.ts'
import { NEUTRAL_PROFILE } from '../../src/protocol/profile.ts'
import { responsesCodec } from '../../src/protocol/responses/codec.ts'
import { stillWorld } from '../support/golden.ts'

const LONG = `mcp__${'x'.repeat(80)}`
const names = toolNames({ model: 'm', messages: [], tools: [{ name: LONG }] }, 64)

function reading(extra: Partial<ReadOptions> = {}): ReadOptions {
  const options = { world: stillWorld(), model: 'claude-alias', profile: NEUTRAL_PROFILE }
  return { ...options, names: undefined, stopSequences: undefined, ...extra }
}

const details = [{ type: 'reasoning.encrypted', data: 'AB' }]
const chat = {
  model: 'upstream-model',
  choices: [
    {
      index: 0,
      message: {
        reasoning: 'Hm',
        reasoning_details: details,
        tool_calls: [{ id: 'c', function: { name: names.up(LONG), arguments: '{}' } }],
      },
      finish_reason: 'tool_calls',
    },
  ],
}

test('A Chat upstream’s reply has the client’s model and tool names', () => {
  const { model, content } = chatCodec.replyIn(chat, reading({ names })).value
  expect(model).toBe('claude-alias')
  expect(content.at(-1)?.name).toBe(LONG)
})

test('Reasoning details without their words are kept for an upstream that wants them back only', () => {
  const message = { content: 'Hi', reasoning_details: details }
  const body = { choices: [{ index: 0, message, finish_reason: 'stop' }] }
  const types = (options: ReadOptions) =>
    chatCodec.replyIn(body, options).value.content.map(({ type }) => type)
  const profile = { ...NEUTRAL_PROFILE, replay_reasoning: 'reasoning_details' as const }
  expect(types(reading({ profile }))).toContain('thinking')
  expect(types(reading())).toEqual(['text'])
})

test('A stop at one of the client’s own sequences is told where the upstream says which', () => {
  const choice = { message: { content: 'Hi' }, finish_reason: 'stop', stop_reason: 'END' }
  const body = { choices: [choice] }
  const reason = (stopSequences: string[] | undefined) => {
    const { value } = chatCodec.replyIn(body, reading({ stopSequences }))
    return [value.stop_reason, value.stop_sequence]
  }
  expect(reason(['END'])).toEqual(['stop_sequence', 'END'])
  expect(reason(undefined)).toEqual(['end_turn', null])
})

test('A Responses upstream’s reply has the client’s model and tool names', () => {
  const call = {
    type: 'function_call',
    id: 'f',
    call_id: 'c',
    arguments: '{}',
    status: 'completed',
  }
  const body = { status: 'completed', output: [{ ...call, name: names.up(LONG) }] }
  const { model, content } = responsesCodec.replyIn(body, reading({ names })).value
  expect(model).toBe('claude-alias')
  expect(content[0]?.name).toBe(LONG)
})

test('A request without a limit gets the default one', () => {
  const target = { profile: NEUTRAL_PROFILE, defaultMaxTokens: 77 }
  const sent = (request: object) => {
    const turn = {
      request: { model: 'm', messages: [{ role: 'user' as const, content: 'Hi' }], ...request },
    }
    return chatCodec.requestOut({ ...turn, hints: {}, notes: [] }, target).value.max_tokens
  }
  expect(sent({})).toBe(77)
  expect(sent({ max_tokens: 5 })).toBe(5)
})
