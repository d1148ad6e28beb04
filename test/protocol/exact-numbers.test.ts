import { expect, test } from 'bun:test'
import { isRecord } from '../../src/kit/json.ts'
import { parseExact } from '../../src/kit/json-exact.ts'
import { CODECS } from '../../src/protocol/index.ts'
import { NEUTRAL_PROFILE } from '../../src/protocol/profile.ts'
import { stillWorld } from '../support/golden.ts'

// What a double would round: 64-bit ids are ordinary tool arguments.
const ARGS = '{"id":12345678901234567890,"list":[-9007199254740993,9007199254740991],"x":1.5}'
const CALL = { id: 'c', type: 'function', function: { name: 'f', arguments: ARGS } }
const target = { profile: NEUTRAL_PROFILE, defaultMaxTokens: 9 }
const read = {
  world: stillWorld(),
  model: 'm',
  names: undefined,
  stopSequences: undefined,
  profile: NEUTRAL_PROFILE,
}

test('long integers are written again as they came, and nothing else changes', () => {
  expect(JSON.stringify(parseExact(ARGS))).toBe(ARGS)
  expect(parseExact('{"a":[1, -2.5e3, "12345678901234567890"]}')).toEqual({
    a: [1, -2500, '12345678901234567890'],
  })
  expect(parseExact('{"a":12345678901234567890')).toBeUndefined()
})

test('a Chat client’s arguments reach Claude with all their digits', () => {
  const messages = [
    { role: 'user', content: 'Go' },
    { role: 'assistant', content: null, tool_calls: [CALL] },
    { role: 'tool', tool_call_id: 'c', content: 'r' },
  ]
  const turn = CODECS.chat.requestIn({ model: 'm', messages })
  expect(JSON.stringify(CODECS.messages.requestOut(turn, target).value)).toContain(ARGS)
})

test('a Messages client’s input reaches a Chat upstream with all its digits', () => {
  const body = parseExact(
    `{"model":"m","messages":[{"role":"user","content":"Go"},{"role":"assistant","content":[{"type":"tool_use","id":"c","name":"f","input":${ARGS}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"c","content":"r"}]}]}`,
  )
  const out = CODECS.chat.requestOut(CODECS.messages.requestIn(body), target)
  expect(JSON.stringify(out.value)).toContain(JSON.stringify(ARGS))
})

test('a Chat upstream’s arguments reach a Messages client with all their digits', () => {
  const choices = [{ index: 0, message: { content: null, tool_calls: [CALL] } }]
  const { value } = CODECS.chat.replyIn({ choices }, read)
  expect(JSON.stringify(value)).toContain(ARGS)
})

test('Claude’s input reaches a Chat client with all its digits', () => {
  const body = parseExact(
    `{"content":[{"type":"tool_use","id":"c","name":"f","input":${ARGS}}],"stop_reason":"tool_use"}`,
  )
  if (!isRecord(body)) throw new Error('not an object')
  const { value } = CODECS.messages.replyIn(body, read)
  const turn = CODECS.chat.requestIn({ model: 'm', messages: [{ role: 'user', content: 'Go' }] })
  const write = { world: stillWorld(), model: 'm', requestId: 'r', body: {}, turn }
  expect(JSON.stringify(CODECS.chat.replyOut(value, write))).toContain(JSON.stringify(ARGS))
})
