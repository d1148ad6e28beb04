import { expect, test } from 'bun:test'
import { CODECS } from '../../src/protocol/index.ts'
import { NEUTRAL_PROFILE } from '../../src/protocol/profile.ts'
import { stillWorld } from '../support/golden.ts'

const LEVELS = 50_000
const ENDLESS = `{"a":${'['.repeat(LEVELS)}${']'.repeat(LEVELS)}}`

const read = {
  world: stillWorld(),
  model: 'm',
  names: undefined,
  stopSequences: undefined,
  profile: NEUTRAL_PROFILE,
}

test('arguments of a Chat call that nobody could write again are refused by name', () => {
  const tool_calls = [{ id: 'c', type: 'function', function: { name: 'f', arguments: ENDLESS } }]
  const messages = [
    { role: 'user', content: 'Go' },
    { role: 'assistant', content: null, tool_calls },
    { role: 'tool', tool_call_id: 'c', content: 'r' },
  ]
  expect(() => CODECS.chat.requestIn({ model: 'm', messages })).toThrow(
    'Cannot read "messages.1.tool_calls.0.function.arguments": arguments must be a JSON object',
  )
})

test('arguments of a Responses call that nobody could write again go up as their text', () => {
  const input = [
    { type: 'function_call', call_id: 'c', name: 'f', arguments: ENDLESS },
    { type: 'function_call_output', call_id: 'c', output: 'r' },
  ]
  const { request, notes } = CODECS.responses.requestIn({ model: 'm', input })
  expect(JSON.stringify(request)).toContain('{"arguments":')
  expect(notes).toEqual(['input.0.arguments: not a JSON object, so sent as the text of one field'])
})

test('an upstream’s arguments that nobody could write again are no call', () => {
  const tool_calls = [{ id: 'c', type: 'function', function: { name: 'f', arguments: ENDLESS } }]
  const choices = [
    { index: 0, message: { content: null, tool_calls }, finish_reason: 'tool_calls' },
  ]
  const { value, notes } = CODECS.chat.replyIn({ choices }, read)
  expect(value.content).toEqual([{ type: 'tool_use', id: 'c', name: 'f', input: {} }])
  expect(notes).toHaveLength(1)
})

test('a reply of Claude’s that nobody could write again is nonsense', () => {
  const input: unknown = JSON.parse(ENDLESS)
  const content = [{ type: 'tool_use', id: 'c', name: 'f', input }]
  expect(() => CODECS.messages.replyIn({ content, usage: {} }, read)).toThrow(
    'Upstream sent a reply that is not a message: try again',
  )
})
