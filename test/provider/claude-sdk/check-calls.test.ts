import { expect, test } from 'bun:test'
import type { Block } from '../../../src/protocol/messages/schema.ts'
import { checkCalls } from '../../../src/provider/claude-sdk/check-calls.ts'
import type { HistoryMessage } from '../../../src/provider/claude-sdk/history.ts'

const user = (...content: Block[]): HistoryMessage => ({ role: 'user', content })
const assistant = (...content: Block[]): HistoryMessage => ({ role: 'assistant', content })
const text: Block = { type: 'text', text: 'Well?' }
const use = (id: string): Block => ({ type: 'tool_use', id, name: 'get_weather', input: {} })
const result = (id: string): Block => ({ type: 'tool_result', tool_use_id: id, content: 'Rain' })
const traces: Block[] = [
  { type: 'mcp_tool_use', id: '8', name: 'Bash', input: {} },
  { type: 'mcp_tool_result', tool_use_id: '8', content: [] },
  { type: 'mcp_tool_use', id: '9', name: 'Bash', input: {} },
]

test("calls that are all answered pass, and traces of Claude Code's own", () => {
  const turns = [
    user(text),
    assistant(use('1'), use('2'), ...traces),
    user(result('2'), result('1'), text),
    assistant(use('3')),
    user(result('3')),
  ]
  expect(() => checkCalls(turns)).not.toThrow()
})

test.each([
  [
    'without a result',
    [user(text), assistant(use('1'), use('2')), user(result('1'))],
    '"2" has no',
  ],
  ['that words follow', [user(text), assistant(use('1')), user(text)], '"1" has no tool_result'],
  ['answered twice', [user(text), assistant(use('1')), user(result('1'), result('1'))], 'has two'],
  ['that nobody made', [user(text), assistant(text), user(result('1'))], 'is for "1"'],
  ['of an earlier conversation', [user(result('1'))], 'in turn 1 a tool_result is for "1"'],
  [
    'whose id comes again',
    [user(text), assistant(use('1')), user(result('1')), assistant(use('1')), user(result('1'))],
    'in turn 4 the call "1" is there twice',
  ],
])('a call %s is refused', (_, turns, words) => {
  expect(() => checkCalls(turns)).toThrow(words)
})
