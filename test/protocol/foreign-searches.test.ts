import { expect, test } from 'bun:test'
import type { Block } from '../../src/protocol/messages/schema.ts'
import { makeSignature, stripOwnThinking } from '../../src/protocol/messages/signature.ts'

const OURS = makeSignature({ origin: 'responses' })

function search(id: string, encrypted_content: string): Block[] {
  return [
    { type: 'server_tool_use', id, name: 'web_search', input: { query: 'bun' } },
    {
      type: 'web_search_tool_result',
      tool_use_id: id,
      content: [{ type: 'web_search_result', url: 'https://bun.sh', encrypted_content }],
    },
  ]
}

const cited = (...indices: string[]): Block => ({
  type: 'text',
  text: 'Bun',
  citations: indices.map((encrypted_index) => ({
    type: 'web_search_result_location',
    encrypted_index,
  })),
})

const requestOf = (content: Block[]) => ({
  model: 'm',
  messages: [
    { role: 'user', content: 'Hi' },
    { role: 'assistant', content },
  ],
})

test('searches and citations of another upstream do not go to Anthropic, genuine ones do', () => {
  const foreign = [...search('srvtoolu_1', OURS), cited(OURS), cited(OURS, 'EqgfCioIARgB')]
  const genuine = [...search('srvtoolu_2', 'EqgfCioIARgB'), cited('EqgfCioIARgB')]
  const stripped = stripOwnThinking(requestOf([...foreign, ...genuine]))
  expect(stripped.messages[1]?.content).toEqual([
    { type: 'text', text: 'Bun' },
    cited('EqgfCioIARgB'),
    ...genuine,
  ])
})

test('a request with nothing of another upstream stays the same object', () => {
  const request = requestOf([...search('srvtoolu_2', 'EqgfCioIARgB'), cited('EqgfCioIARgB')])
  expect(stripOwnThinking(request)).toBe(request)
})
