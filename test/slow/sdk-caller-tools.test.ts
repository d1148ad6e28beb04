import { describe, expect, test } from 'bun:test'
import Anthropic from '@anthropic-ai/sdk'
import { asJson, message, text } from '../support/fake-reply.ts'
import { SDK_TEST_MS } from '../support/sdk.ts'
import { sdkForFile } from '../support/sdk-file.ts'
import { until } from '../support/wait.ts'

type Params = Anthropic.MessageCreateParamsNonStreaming
type Results = Anthropic.ToolResultBlockParam[]

const PNG = {
  ...{ type: 'base64' as const, media_type: 'image/png' as const },
  data: 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
}
const weather: Anthropic.Tool = {
  name: 'get_weather',
  description: 'The weather',
  input_schema: {
    ...{ type: 'object', properties: { city: { $ref: '#/$defs/city' } }, required: ['city'] },
    $defs: { city: { type: 'string', pattern: '^[A-Z]' } },
  },
}
const bash: Anthropic.Tool = { name: 'Bash', input_schema: { type: 'object' } }
const ask: Params = {
  ...{ model: 'claude-sonnet-4-6', max_tokens: 1000, tools: [weather, bash] },
  messages: [{ role: 'user', content: 'How is it in Oslo and Rome?' }],
}
const twoCalls = message([
  { text: 'Let me look.' },
  { tool: 'get_weather', input: { city: 'Oslo', days: [1, { n: 2.5 }] } },
  { tool: 'get_weather', input: { city: 'Rome' } },
])

const { sdk, sent, before } = await sdkForFile({ sdk: 'setting_sources = []\nprewarm = 0' })

function client(): Anthropic {
  return new Anthropic({ baseURL: `${sdk.proxy.url}/sdk`, apiKey: 'a-client-key', maxRetries: 0 })
}

/** The last turn of the conversation that reached the API, without what Claude Code adds. */
function lastTurn(index: number): unknown[] {
  const messages = Array.isArray(sent(index).messages) ? sent(index).messages : []
  const turns = (messages as unknown[]).map(asJson).filter(({ role }) => role !== 'system')
  const content = turns.at(-1)?.content
  return (Array.isArray(content) ? content : [])
    .map(asJson)
    .filter(({ text: words }) => !String(words).startsWith('<system-reminder>'))
    .map(({ cache_control: _, ...block }) => block)
    .sort((one, other) => String(one.tool_use_id).localeCompare(String(other.tool_use_id)))
}

/** Goes on with the results of an answer's calls. */
function goOn(first: Anthropic.Message, results: Results, more: Partial<Params> = {}): Params {
  return {
    ...ask,
    ...more,
    messages: [
      ...ask.messages,
      { role: 'assistant', content: first.content },
      { role: 'user', content: results },
    ],
  }
}

function calls(reply: Anthropic.Message): string[] {
  return reply.content.flatMap((block) => (block.type === 'tool_use' ? [block.id] : []))
}

describe("the caller's tools through /sdk", () => {
  test.each(['whole', 'streamed'])(
    'are called in parallel, and answered with errors and images: %s',
    async (form) => {
      sdk.fake.reply(twoCalls, text('Rain and sun.'))
      const create = (params: Params) =>
        form === 'whole'
          ? client().messages.create(params)
          : client().messages.stream(params).finalMessage()
      const first = await create(ask)
      expect(first.stop_reason).toBe('tool_use')
      expect(first.content).toMatchObject([
        { type: 'text', text: 'Let me look.' },
        { type: 'tool_use', name: 'get_weather', input: { city: 'Oslo', days: [1, { n: 2.5 }] } },
        { type: 'tool_use', name: 'get_weather', input: { city: 'Rome' } },
      ])
      // All that there is, by its own name, and nothing of Claude Code's own.
      const tools = (sent().tools as unknown[]).map(asJson)
      expect(tools.map(({ name }) => name)).toEqual(['Bash', 'get_weather'])
      expect(tools[1]).toMatchObject({
        description: weather.description,
        input_schema: weather.input_schema,
      })
      const [oslo = '', rome = ''] = calls(first)
      const seen = [
        { type: 'text' as const, text: 'See' },
        { type: 'image' as const, source: PNG },
      ]
      const second = await create(
        goOn(first, [
          { type: 'tool_result', tool_use_id: oslo, is_error: true, content: 'No such city' },
          { type: 'tool_result', tool_use_id: rome, content: seen },
        ]),
      )
      expect(second.content).toMatchObject([{ type: 'text', text: 'Rain and sun.' }])
      expect(second.stop_reason).toBe('end_turn')
      expect(lastTurn(1)).toEqual([
        { type: 'tool_result', tool_use_id: oslo, is_error: true, content: 'No such city' },
        { type: 'tool_result', tool_use_id: rome, content: seen },
      ])
      // One Claude Code has gone on, which is why nothing is there twice.
      expect(JSON.stringify(sent(1)).split('# Environment').length).toBe(2)
    },
    SDK_TEST_MS,
  )

  test(
    'may be called again and again, with another choice each time',
    async () => {
      const call = (city: string) => message([{ tool: 'get_weather', input: { city } }])
      sdk.fake.reply(call('Oslo'), call('Rome'), text('Done'))
      const first = await client().messages.create({ ...ask, tool_choice: { type: 'any' } })
      const [oslo = ''] = calls(first)
      const one: Results = [{ type: 'tool_result', tool_use_id: oslo, content: 'Rain' }]
      const second = await client().messages.create(goOn(first, one))
      const [rome = ''] = calls(second)
      const third = await client().messages.create({
        ...ask,
        tool_choice: { type: 'none' },
        messages: [
          ...goOn(first, one).messages,
          { role: 'assistant', content: second.content },
          { role: 'user', content: [{ type: 'tool_result', tool_use_id: rome, content: 'Sun' }] },
        ],
      })
      expect(third.content).toMatchObject([{ text: 'Done' }])
      const choices = [0, 1, 2].map((index) => sent(index).tool_choice)
      expect(choices).toEqual([{ type: 'any' }, undefined, { type: 'none' }])
      expect(lastTurn(2)).toMatchObject([{ tool_use_id: rome }])
    },
    SDK_TEST_MS,
  )

  const document: Anthropic.DocumentBlockParam = {
    ...{ type: 'document', title: 'Note' },
    source: { type: 'text', media_type: 'text/plain', data: 'Snow' },
  }
  test(
    'take a document, which no waiting call could be given',
    async () => {
      sdk.fake.reply(message([{ tool: 'get_weather', input: { city: 'Oslo' } }]), text('Snow.'))
      const first = await client().messages.create(ask)
      const [id = ''] = calls(first)
      const told = { type: 'tool_result' as const, tool_use_id: id, content: [document] }
      const second = await client().messages.create(goOn(first, [told]))
      expect(second.content).toMatchObject([{ text: 'Snow.' }])
      const [result] = lastTurn(1).map(asJson)
      expect(result?.tool_use_id).toBe(id)
      expect(Array.isArray(result?.content) ? result.content[0] : result).toEqual(asJson(document))
      // The one that waited in vain has ended, without another word to the API.
      await until('no Claude Code rests', async () => Number((await sdk.sessions()).warm) === 0)
      expect(sdk.fake.messages().length).toBe(before() + 2)
    },
    SDK_TEST_MS,
  )

  test(
    'take an error with an image',
    async () => {
      sdk.fake.reply(message([{ tool: 'get_weather', input: { city: 'Oslo' } }]), text('Snow.'))
      const first = await client().messages.create(ask)
      const [id = ''] = calls(first)
      const image = { type: 'image' as const, source: PNG }
      const told = {
        type: 'tool_result' as const,
        tool_use_id: id,
        is_error: true,
        content: [image],
      }
      await client().messages.create(goOn(first, [told]))
      expect(lastTurn(1)).toEqual([
        {
          ...{ type: 'tool_result', tool_use_id: id },
          content: [{ type: 'text', text: 'Error:' }, image],
        },
      ])
    },
    SDK_TEST_MS,
  )

  test(
    'take results beside words, and results of a call that nobody waits for any more',
    async () => {
      sdk.fake.reply(text('Well.'))
      const use = { type: 'tool_use' as const, id: 'toolu_gone', name: 'get_weather', input: {} }
      const content = [
        { type: 'tool_result' as const, tool_use_id: 'toolu_gone', content: 'Rain' },
        { type: 'text' as const, text: 'Is that bad?' },
      ]
      const reply = await client().messages.create({
        ...ask,
        messages: [
          ...ask.messages,
          { role: 'assistant', content: [use] },
          { role: 'user', content },
        ],
      })
      expect(reply.content).toMatchObject([{ text: 'Well.' }])
      expect(lastTurn(0)).toEqual([...content])
    },
    SDK_TEST_MS,
  )

  test(
    'keep long descriptions, and bring no words about what Claude Code itself can do',
    async () => {
      const long = 'What it does. '.repeat(1000)
      const tools = ['Agent', 'Skill'].map((name) => ({ ...weather, name, description: long }))
      await client().messages.create({ ...ask, tools })
      expect(sent().tools).toMatchObject(tools.map(({ name }) => ({ name, description: long })))
      expect(JSON.stringify(sent().messages)).not.toMatch(/agent types|skills are available/)
    },
    SDK_TEST_MS,
  )

  test(
    "of Anthropic's that the caller runs are called by their names",
    async () => {
      sdk.fake.reply(message([{ tool: 'bash', input: { command: 'ls' } }]), text('Empty.'))
      const tools: Params['tools'] = [
        { type: 'bash_20250124', name: 'bash' },
        { type: 'text_editor_20250728', name: 'str_replace_based_edit_tool' },
      ]
      const first = await client().messages.create({ ...ask, tools })
      expect(first.content).toMatchObject([
        { type: 'tool_use', name: 'bash', input: { command: 'ls' } },
      ])
      const [id = ''] = calls(first)
      const told: Results = [{ type: 'tool_result', tool_use_id: id, content: 'nothing' }]
      const second = await client().messages.create(goOn(first, told, { tools }))
      expect(second.content).toMatchObject([{ text: 'Empty.' }])
      expect(sent().tools).toMatchObject([
        { name: 'bash', input_schema: { properties: { command: { type: 'string' } } } },
        { name: 'str_replace_based_edit_tool' },
      ])
    },
    SDK_TEST_MS,
  )

  test(
    'with a schema that Claude Code leaves out are refused',
    async () => {
      const input_schema = { type: 'object' as const, properties: { 'the city': {} } }
      const error = await client()
        .messages.create({ ...ask, tools: [weather, { ...weather, name: 'odd', input_schema }] })
        .catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({ status: 400 })
      expect(String(error)).toContain('odd')
      expect(sdk.fake.messages().length).toBe(before())
    },
    SDK_TEST_MS,
  )

  test('with names that Claude Code would lose are refused', async () => {
    const error = await client()
      .messages.create({ ...ask, tools: [{ ...weather, name: 'a.b' }] })
      .catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({
      status: 400,
      error: { error: { type: 'invalid_request_error' } },
    })
    expect(String(error)).toContain('tools.0.name')
  })
})
