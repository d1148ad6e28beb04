import { expect, test } from 'bun:test'
import { CallerTools } from '../../../src/provider/claude-sdk/caller-tools.ts'
import type { CallerTool } from '../../../src/provider/claude-sdk/launch.ts'

const weather: CallerTool = {
  name: 'get_weather',
  description: 'The weather',
  schema: { type: 'object', properties: { city: { $ref: '#/$defs/c' } }, $defs: { c: {} } },
}

/** A server with the Agent SDK's end of it. */
async function connected() {
  const tools = new CallerTools([weather])
  const sent: Record<string, unknown>[] = []
  const transport = {
    onmessage: (_: unknown): void => undefined,
    send: async (message: object) => void sent.push({ ...message }),
  }
  await tools.connect(transport)
  const ask = (message: object) => transport.onmessage({ jsonrpc: '2.0', ...message })
  const call = (id: unknown, use: string) =>
    ask({
      ...{ id, method: 'tools/call' },
      params: { name: 'get_weather', arguments: {}, _meta: { 'claudecode/toolUseId': use } },
    })
  return { tools, sent, ask, call }
}

function result(id: unknown, content: unknown, isError = false) {
  return { jsonrpc: '2.0', id, result: { content, isError } }
}

test('introduces itself in the version that it is asked for', async () => {
  const { sent, ask } = await connected()
  ask({ id: 0, method: 'initialize', params: { protocolVersion: '2030-01-01' } })
  ask({ method: 'notifications/initialized' })
  expect(sent).toMatchObject([
    { id: 0, result: { protocolVersion: '2030-01-01', capabilities: { tools: {} } } },
  ])
})

test("lists the caller's tools with their schemas as they are", async () => {
  const { sent, ask } = await connected()
  ask({ id: 'sdk-manifest-capture:1', method: 'tools/list' })
  expect(sent).toMatchObject([
    {
      id: 'sdk-manifest-capture:1',
      result: {
        tools: [
          {
            ...{ name: 'get_weather', description: 'The weather', inputSchema: weather.schema },
            annotations: { readOnlyHint: true },
          },
        ],
      },
    },
  ])
})

test('refuses what it does not know, and lets notifications pass', async () => {
  const { sent, ask } = await connected()
  ask({ id: 1, method: 'resources/list' })
  ask({ method: 'notifications/cancelled' })
  ask({ id: 2, method: 'ping' })
  expect(sent).toEqual([
    { jsonrpc: '2.0', id: 1, error: { code: -32601, message: 'Method not found' } },
    { jsonrpc: '2.0', id: 2, result: {} },
  ])
})

test('lets calls wait, and gives each its own result in whatever order they come', async () => {
  const { tools, sent, call } = await connected()
  call(7, 'toolu_1')
  call('8', 'toolu_2')
  expect(sent).toEqual([])
  tools.answer('toolu_2', { content: 'two', isError: false })
  tools.answer('toolu_1', { content: 'boom', isError: true })
  expect(sent).toEqual([
    result('8', [{ type: 'text', text: 'two' }]),
    result(7, [{ type: 'text', text: 'boom' }], true),
  ])
})

test('keeps a result that comes before its call, and gives it once', async () => {
  const { tools, sent, call } = await connected()
  tools.answer('toolu_1', { content: 'early', isError: false })
  call(1, 'toolu_1')
  call(2, 'toolu_1')
  expect(sent).toEqual([result(1, [{ type: 'text', text: 'early' }])])
})

test('gives images, and nothing where there is nothing', async () => {
  const { tools, sent, call } = await connected()
  const source = { type: 'base64', media_type: 'image/png', data: 'AA==' }
  call(1, 'toolu_1')
  call(2, 'toolu_2')
  tools.answer('toolu_1', {
    content: [
      { type: 'text', text: 'See' },
      { type: 'image', source },
    ],
    isError: false,
  })
  tools.answer('toolu_2', { content: undefined, isError: false })
  expect(sent).toEqual([
    result(1, [
      { type: 'text', text: 'See' },
      { type: 'image', data: 'AA==', mimeType: 'image/png' },
    ]),
    result(2, []),
  ])
})

test('answers nobody once it is closed', async () => {
  const { tools, sent, call } = await connected()
  call(1, 'toolu_1')
  await tools.close()
  tools.answer('toolu_1', { content: 'late', isError: false })
  expect(sent).toEqual([])
})
