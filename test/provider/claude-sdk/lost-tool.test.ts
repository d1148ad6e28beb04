import { expect, test } from 'bun:test'
import type { Launch } from '../../../src/provider/claude-sdk/launch.ts'
import { lostTool } from '../../../src/provider/claude-sdk/lost-tool.ts'

function launch(ownTools: Launch['ownTools'], ...names: string[]): Launch {
  const callerTools = names.map((name) => ({ name, description: '', schema: { type: 'object' } }))
  return { system: '', ownTools, servers: false, callerTools, thinking: { type: 'disabled' } }
}

test.each([
  [launch([], 'a', 'b'), { tools: ['b', 'a'] }],
  [launch([], 'Agent', 'b'), { tools: ['Task', 'b'] }],
  [launch('all', 'a'), { tools: ['Bash', 'mcp__caller__a'] }],
  [launch([], 'a'), {}],
])('a list that has all tools is none to complain of: %#', (own, init) => {
  expect(lostTool(own, init)).toBeUndefined()
})

test.each([
  [launch([], 'a', 'b'), { tools: ['a'] }],
  [launch('all', 'a', 'b'), { tools: ['Bash', 'Read', 'mcp__caller__a'] }],
])('a tool that is not in the list is named: %#', (own, init) => {
  const error = lostTool(own, init)
  expect(error).toMatchObject({ kind: 'invalid_request', field: 'tools' })
  expect(error?.message).toContain('input_schema of "b"')
})
