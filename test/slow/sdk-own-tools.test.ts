import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { createAnthropic } from '@ai-sdk/anthropic'
import Anthropic from '@anthropic-ai/sdk'
import { generateText, streamText } from 'ai'
import OpenAI from 'openai'
import { ROOT } from '../support/child.ts'
import { asJson, type ContentPart, type Json, message, text } from '../support/fake-reply.ts'
import { answer, listenAt, type PermissionListener } from '../support/permission-client.ts'
import { SDK_TEST_MS, type Sdk, startSdk } from '../support/sdk.ts'

const model = 'claude-sonnet-4-6'
const ask = { model, max_tokens: 2000, messages: [{ role: 'user' as const, content: 'Go on' }] }

function run(command: string): ContentPart {
  return { tool: 'Bash', input: { command, description: 'Runs it' } }
}

function client(sdk: Sdk): Anthropic {
  return new Anthropic({ baseURL: `${sdk.proxy.url}/sdk`, apiKey: 'a-client-key', maxRetries: 0 })
}

function openai(sdk: Sdk): OpenAI {
  return new OpenAI({ baseURL: `${sdk.proxy.url}/sdk/v1`, apiKey: 'a-client-key', maxRetries: 0 })
}

/** The turns that reached the API in its n-th request, without what Claude Code adds. */
function turns(sdk: Sdk, index: number): Json[] {
  const { messages } = asJson(JSON.parse(sdk.fake.messages().at(index)?.text ?? '{}'))
  return (Array.isArray(messages) ? messages.map(asJson) : []).filter(
    ({ role }) => role !== 'system',
  )
}

function blocks(turn: Json | undefined): Json[] {
  return (Array.isArray(turn?.content) ? turn.content.map(asJson) : []).filter(
    ({ text: words }) => !String(words).startsWith('<system-reminder>'),
  )
}

/** An MCP server of the user's. */
const NOTES = `[sdk.mcp_servers.notes]
command = ${JSON.stringify(process.execPath)}
args = [${JSON.stringify(join(ROOT, 'test', 'support', 'mcp-notes.ts'))}]
env = { NOTE = "milk" }
`

describe("Claude Code's own tools through /sdk", () => {
  let sdk: Sdk
  let desk: PermissionListener

  beforeAll(async () => {
    sdk = await startSdk({
      sdk: 'setting_sources = []\npermission_timeout_seconds = 1.5\nprewarm = 0',
      toml: `[[sdk.permission_rules]]\ntool = "Bash"\nmatch = "touch by-rule*"\naction = "allow"\n${NOTES}`,
    })
    desk = await listenAt(sdk.proxy.url)
  }, SDK_TEST_MS)

  afterAll(async () => {
    desk.leave()
    await sdk.stop()
    expect(sdk.fake.violations).toEqual([])
  })

  beforeEach(() => sdk.fake.forget())

  let asked = 0
  /** Answers the next request that the desk hears of. */
  async function respond(allowed: boolean): Promise<Json> {
    asked += 1
    const request = await desk.event('permission_request', asked)
    await answer(sdk.proxy.url, String(request.request_id), { allowed })
    return request
  }

  test(
    "are those of the user's MCP servers too",
    async () => {
      sdk.fake.reply(message([{ tool: 'mcp__notes__note', input: {} }]), text('Done.'))
      const reply = client(sdk).messages.create(ask)
      expect(await respond(true)).toMatchObject({ tool_name: 'mcp__notes__note' })
      expect((await reply).content).toMatchObject([
        { type: 'mcp_tool_use', name: 'mcp__notes__note' },
        { type: 'mcp_tool_result', content: [{ type: 'text', text: 'Noted: milk' }] },
        { type: 'text', text: 'Done.' },
      ])
    },
    SDK_TEST_MS,
  )

  test(
    'run what the desk allows, and are told of in blocks that clients can send back',
    async () => {
      sdk.fake.reply(
        message([{ text: 'Let me see.' }, run('touch made && echo "a < b"')]),
        text('Done.'),
      )
      const stream = client(sdk).messages.stream(ask)
      const request = await respond(true)
      expect(request).toMatchObject({
        tool_name: 'Bash',
        session_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      })
      const first = await stream.finalMessage()
      expect(first.stop_reason).toBe('end_turn')
      expect(first.content.map((block) => asJson(block))).toMatchObject([
        { type: 'text', text: 'Let me see.' },
        {
          type: 'mcp_tool_use',
          name: 'Bash',
          server_name: 'claude-code',
          input: { command: 'touch made && echo "a < b"' },
        },
        { type: 'mcp_tool_result', is_error: false, content: [{ type: 'text', text: 'a < b' }] },
        { type: 'text', text: 'Done.' },
      ])
      // Two answers of the API are one for the client, and so is what they took.
      expect(first.usage).toMatchObject({ input_tokens: 24, output_tokens: 14 })
      await client(sdk).messages.create({
        ...ask,
        messages: [
          ...ask.messages,
          { role: 'assistant', content: first.content },
          { role: 'user', content: 'Thanks' },
        ],
      })
      const sent = turns(sdk, -1)
      expect(sent.map(({ role }) => role)).toEqual([
        'user',
        'assistant',
        'user',
        'assistant',
        'user',
      ])
      expect(blocks(sent[1])).toMatchObject([{ type: 'text' }, { type: 'tool_use', name: 'Bash' }])
      expect(blocks(sent[2])).toMatchObject([{ type: 'tool_result', is_error: false }])
      expect(blocks(sent[3])).toMatchObject([{ type: 'text', text: 'Done.' }])
    },
    SDK_TEST_MS,
  )

  test.each([
    ['its path', { session: 'by-its-path' }, {}, 'by-its-path'],
    ['its body', {}, { metadata: { session_id: 'by-its-body' } }, 'by-its-body'],
    [
      'its header',
      { headers: { 'x-claude-code-session-id': 'by-its-header' } },
      {},
      'by-its-header',
    ],
  ])(
    'are asked about in the name of the session that %s names',
    async (_where, how, more, session) => {
      sdk.fake.reply(message([run('touch asked')]), text('Done.'))
      const answered = sdk.ask({ ...ask, ...more }, how)
      const { request_id: id, session_id } = await respond(true)
      expect(session_id).toBe(session)
      const state = await fetch(`${sdk.proxy.url}/permissions/${id}`)
      expect(await state.json()).toMatchObject({ session_id: session })
      expect((await answered).status).toBe(200)
    },
    SDK_TEST_MS,
  )

  test(
    'are told of in a way that the AI SDK takes, and can send back',
    async () => {
      sdk.fake.reply(message([{ text: 'See:' }, run('echo hi')]), text('Done.'), text('Welcome.'))
      const provider = createAnthropic({ baseURL: `${sdk.proxy.url}/sdk/v1`, apiKey: 'a-key' })
      const streamed = streamText({ model: provider(model), prompt: 'Go on' })
      expect(await streamed.text).toBe('See:Done.')
      const parts = (await streamed.content).map(({ type }) => type)
      expect(parts.filter((type) => type !== 'custom')).toEqual([
        'text',
        'tool-call',
        'tool-result',
        'text',
      ])
      const { messages } = await streamed.response
      const again = await generateText({
        model: provider(model),
        messages: [
          { role: 'user', content: 'Go on' },
          ...messages,
          { role: 'user', content: 'Thanks' },
        ],
      })
      expect(again.text).toBe('Welcome.')
      const sent = turns(sdk, -1)
      expect(sent.map(({ role }) => role)).toEqual([
        'user',
        'assistant',
        'user',
        'assistant',
        'user',
      ])
      expect(blocks(sent[2])).toMatchObject([{ type: 'tool_result', content: [{ text: 'hi' }] }])
    },
    SDK_TEST_MS,
  )

  test(
    'are told of in text to clients of other protocols',
    async () => {
      const reply = () => sdk.fake.reply(message([{ text: 'See:' }, run('echo hi')]), text('Done.'))
      const expected =
        /^See:\n<tool_call name="Bash">\n[\s\S]*echo hi[\s\S]*<\/tool_call>\n\n<tool_result name="Bash">\nhi\n<\/tool_result>\nDone\.$/
      reply()
      const chat = await openai(sdk).chat.completions.create({ model, messages: ask.messages })
      expect(chat.choices[0]?.message.content).toMatch(expected)
      expect(chat.choices[0]?.finish_reason).toBe('stop')
      reply()
      const response = await openai(sdk).responses.stream({ model, input: 'Go on' }).finalResponse()
      expect(response.output_text).toMatch(expected)
      expect(response.status).toBe('completed')
    },
    SDK_TEST_MS,
  )

  test.each([
    ['denied', 'touch no'],
    ['expired', 'touch nobody-answers'],
  ])(
    'do not run what is %s',
    async (how, command) => {
      sdk.fake.reply(message([run(command)]), text('I may not.'))
      const answered = client(sdk).messages.create(ask)
      if (how === 'denied') await respond(false)
      else asked += 1
      const reply = await answered
      expect(reply.content.map((block) => asJson(block))).toMatchObject([
        { type: 'mcp_tool_use' },
        { type: 'mcp_tool_result', is_error: true },
        { text: 'I may not.' },
      ])
      if (how === 'expired') await desk.event('permission_expired')
    },
    SDK_TEST_MS,
  )

  test(
    'run without asking where a rule allows it',
    async () => {
      sdk.fake.reply(message([run('touch by-rule')]), text('Done.'))
      const heard = desk.heard.length
      const reply = await client(sdk).messages.create(ask)
      expect(asJson(reply.content[1])).toMatchObject({ is_error: false })
      const since = desk.heard.slice(heard).map(({ event }) => event)
      expect(since).not.toContain('permission_request')
    },
    SDK_TEST_MS,
  )

  test(
    "are the only ones where the request asks for Anthropic's search",
    async () => {
      const tools = [{ type: 'web_search_20250305' as const, name: 'web_search' as const }]
      await client(sdk).messages.create({ ...ask, tools })
      const body = asJson(JSON.parse(sdk.fake.messages().at(-1)?.text ?? '{}'))
      const names = Array.isArray(body.tools) ? body.tools.map((tool) => asJson(tool).name) : []
      expect(names).toEqual(['WebSearch'])
    },
    SDK_TEST_MS,
  )

  test(
    'are there, and more than a few, where the request brings none',
    async () => {
      await client(sdk).messages.create({ ...ask, system: 'Be a pirate' })
      const body = asJson(JSON.parse(sdk.fake.messages().at(-1)?.text ?? '{}'))
      const names = Array.isArray(body.tools) ? body.tools.map((tool) => asJson(tool).name) : []
      expect(names).toContain('Bash')
      expect(names).toContain('Read')
      expect(names).not.toContain('AskUserQuestion')
      expect(JSON.stringify(body.system)).toContain('Be a pirate')
    },
    SDK_TEST_MS,
  )
})

describe("the caller's tools beside Claude Code's own", () => {
  let sdk: Sdk

  beforeAll(async () => {
    sdk = await startSdk({
      sdk: 'setting_sources = []\nprewarm = 0\nmix_tools = true\ntools = ["Bash", "Read"]\nallowed_tools = ["Bash"]\nmessage_mode = "ignore"',
    })
  }, SDK_TEST_MS)

  afterAll(async () => {
    await sdk.stop()
    expect(sdk.fake.violations).toEqual([])
  })

  test(
    'end the answer while the own ones run on, and go on from there',
    async () => {
      const weather: Anthropic.Tool = { name: 'get_weather', input_schema: { type: 'object' } }
      const calls: ContentPart[] = [
        { text: 'Both.' },
        run('sleep 0.3 && echo ran'),
        { tool: 'mcp__caller__get_weather', input: { city: 'Oslo' } },
      ]
      sdk.fake.reply(message(calls), text('Rain.'))
      const first = await client(sdk).messages.create({ ...ask, tools: [weather] })
      const body = asJson(JSON.parse(sdk.fake.messages()[0]?.text ?? '{}'))
      const names = Array.isArray(body.tools) ? body.tools.map((tool) => asJson(tool).name) : []
      expect(names.sort()).toEqual(['Bash', 'Read', 'mcp__caller__get_weather'])
      expect(first.stop_reason).toBe('tool_use')
      expect(first.content).toMatchObject([
        { type: 'text', text: 'Both.' },
        { type: 'tool_use', name: 'get_weather', input: { city: 'Oslo' } },
      ])
      const use = first.content[1]
      const second = await client(sdk).messages.create({
        ...ask,
        tools: [weather],
        messages: [
          ...ask.messages,
          { role: 'assistant', content: first.content },
          {
            role: 'user',
            content: [
              {
                ...{ type: 'tool_result', content: 'Rain' },
                tool_use_id: use?.type === 'tool_use' ? use.id : '',
              },
            ],
          },
        ],
      })
      expect(second.content).toMatchObject([{ type: 'text', text: 'Rain.' }])
      const results = blocks(turns(sdk, -1).at(-1)).map(({ content }) => JSON.stringify(content))
      expect(results.some((content) => content?.includes('ran'))).toBe(true)
      expect(results.some((content) => content?.includes('Rain'))).toBe(true)
    },
    SDK_TEST_MS,
  )

  test(
    'leave no trace of the own ones where they are to be ignored',
    async () => {
      sdk.fake.reply(message([{ text: 'Look.' }, run('echo ran')]), text('Done.'))
      const chat = await openai(sdk).chat.completions.create({ model, messages: ask.messages })
      expect(chat.choices[0]?.message.content).toBe('Look.\n\nDone.')
    },
    SDK_TEST_MS,
  )
})

describe("some of Claude Code's own tools", () => {
  let sdk: Sdk

  beforeAll(async () => {
    sdk = await startSdk({
      sdk: 'setting_sources = []\nprewarm = 0\ntools = ["Glob", "Bash"]\nmessage_mode = "formatted"',
    })
  }, SDK_TEST_MS)

  afterAll(() => sdk.stop())

  test(
    'are all that there are, and are told of in text',
    async () => {
      sdk.fake.reply(message([run('echo "1 < 2"')]), text('Done.'))
      const { content } = await client(sdk).messages.create({ ...ask, system: 'Be a pirate' })
      const body = asJson(JSON.parse(sdk.fake.messages()[0]?.text ?? '{}'))
      const names = Array.isArray(body.tools) ? body.tools.map((tool) => asJson(tool).name) : []
      expect(names.sort()).toEqual(['Bash', 'Glob'])
      expect(JSON.stringify(body.system)).toContain('Be a pirate')
      expect(content.map((block) => (block.type === 'text' ? block.text : block.type))).toEqual([
        expect.stringContaining('<tool_call name="Bash">'),
        '\n<tool_result name="Bash">\n1 &lt; 2\n</tool_result>\n',
        'Done.',
      ])
    },
    SDK_TEST_MS,
  )
})
