import { describe, expect, test } from 'bun:test'
import OpenAI from 'openai'
import { asJson, type Json, message, text } from '../support/fake-reply.ts'
import { SDK_TEST_MS } from '../support/sdk.ts'
import { sdkForFile } from '../support/sdk-file.ts'

type ChatMessages = OpenAI.ChatCompletionMessageParam[]

const model = 'claude-sonnet-4-6'
const question = { role: 'user' as const, content: 'How is it in Oslo and Rome?' }
const parameters = { type: 'object', properties: { city: { type: 'string' } } }
const weather = {
  type: 'function' as const,
  function: { name: 'get_weather', description: 'The weather', parameters },
}
const flatWeather = {
  ...{ type: 'function' as const, name: 'get_weather', description: 'The weather' },
  ...{ parameters, strict: false },
}
const PNG =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
const twoCalls = message([
  { text: 'Let me look.' },
  { tool: 'get_weather', input: { city: 'Oslo' } },
  { tool: 'get_weather', input: { city: 'Rome' } },
])

const { sdk, sent } = await sdkForFile({ sdk: 'tools = "none"\nsetting_sources = []\nprewarm = 0' })

function client(prefix = '/sdk'): OpenAI {
  return new OpenAI({ baseURL: `${sdk.proxy.url}${prefix}/v1`, apiKey: 'a-key', maxRetries: 0 })
}

/** The results in the last turn that reached the API. */
function results(index: number): Json[] {
  const { messages } = sent(index)
  const last = (Array.isArray(messages) ? messages.map(asJson) : []).at(-1)
  return (Array.isArray(last?.content) ? last.content.map(asJson) : [])
    .filter(({ type }) => type === 'tool_result')
    .sort((one, other) => String(one.tool_use_id).localeCompare(String(other.tool_use_id)))
}

/** Whether the second answer came from the process that gave the first: it says where it runs once only. */
function expectOneProcess(): void {
  expect(JSON.stringify(sent(1)).split('# Environment').length).toBe(2)
  expect(results(1).map(({ content }) => JSON.stringify(content))).toEqual([
    expect.stringContaining('Rain'),
    expect.stringContaining('Sun'),
  ])
}

describe('Chat Completions through /sdk', () => {
  test.each(['/sdk', '/sdk/openai'])(
    'bring the whole conversation through "%s"',
    async (prefix) => {
      sdk.fake.reply(text('Ahoy'))
      const reply = await client(prefix).chat.completions.create({
        ...{ model, max_completion_tokens: 300, stop: ['END'], temperature: 0.2 },
        messages: [
          { role: 'system', content: 'Be a pirate' },
          { role: 'user', content: 'One' },
          { role: 'assistant', content: 'Two' },
          {
            role: 'user',
            content: [
              { type: 'text', text: 'Three' },
              { type: 'image_url', image_url: { url: PNG } },
            ],
          },
        ],
      })
      expect(reply.choices[0]).toMatchObject({
        finish_reason: 'stop',
        message: { content: 'Ahoy' },
      })
      expect(reply.usage).toMatchObject({ prompt_tokens: 15, completion_tokens: 7 })
      expect(Number(asJson(reply.usage).cost_usd)).toBeGreaterThan(0)
      expect(sent()).toMatchObject({ max_tokens: 300, stop_sequences: ['END'], temperature: 0.2 })
      expect(JSON.stringify(sent().system)).toContain('Be a pirate')
      const roles = (sent().messages as unknown[]).map((turn) => asJson(turn).role)
      expect(roles).toEqual(['user', 'assistant', 'user'])
      expect(JSON.stringify(sent().messages)).toContain('"type":"image"')
    },
    SDK_TEST_MS,
  )

  test.each(['whole', 'streamed'])(
    "call the caller's tools in parallel: %s",
    async (form) => {
      sdk.fake.reply(twoCalls, text('Rain and sun.'))
      const create = async (messages: ChatMessages) => {
        const asked = { model, tools: [weather], messages }
        return form === 'whole'
          ? client().chat.completions.create(asked)
          : client().chat.completions.stream(asked).finalChatCompletion()
      }
      const first = (await create([question])).choices[0]
      expect(first?.finish_reason).toBe('tool_calls')
      const calls = first?.message.tool_calls ?? []
      expect(calls).toMatchObject([
        { function: { name: 'get_weather', arguments: '{"city":"Oslo"}' } },
        { function: { name: 'get_weather', arguments: '{"city":"Rome"}' } },
      ])
      const second = await create([
        question,
        { role: 'assistant', content: first?.message.content ?? null, tool_calls: calls },
        { role: 'tool', tool_call_id: calls[0]?.id ?? '', content: 'Rain' },
        { role: 'tool', tool_call_id: calls[1]?.id ?? '', content: 'Sun' },
      ])
      expect(second.choices[0]?.message.content).toBe('Rain and sun.')
      expectOneProcess()
    },
    SDK_TEST_MS,
  )
})

describe('Responses through /sdk', () => {
  test(
    'are answered, whole and streamed',
    async () => {
      sdk.fake.reply(text('Ahoy'), text('Ahoy'))
      const asked = { model, instructions: 'Be a pirate', input: 'Hello' }
      const whole = await client().responses.create(asked)
      expect(whole).toMatchObject({ status: 'completed', output_text: 'Ahoy' })
      expect(whole.usage).toMatchObject({ input_tokens: 15, output_tokens: 7 })
      const streamed = await client('/sdk/openai').responses.stream(asked).finalResponse()
      expect(streamed.output_text).toBe('Ahoy')
      expect(Number(asJson(streamed.usage).cost_usd)).toBeGreaterThan(0)
      expect(JSON.stringify(sent(1).system)).toContain('Be a pirate')
    },
    SDK_TEST_MS,
  )

  test.each(['whole', 'streamed'])(
    "call the caller's tools in parallel: %s",
    async (form) => {
      sdk.fake.reply(twoCalls, text('Rain and sun.'))
      const create = async (input: OpenAI.Responses.ResponseInput) => {
        const asked = { model, tools: [flatWeather], input }
        return form === 'whole'
          ? client().responses.create(asked)
          : client().responses.stream(asked).finalResponse()
      }
      const first = await create([question])
      const calls = first.output.flatMap((item) => (item.type === 'function_call' ? [item] : []))
      expect(calls).toMatchObject([
        { name: 'get_weather', arguments: '{"city":"Oslo"}' },
        { name: 'get_weather', arguments: '{"city":"Rome"}' },
      ])
      const told = calls.map(({ call_id }, at) => ({
        ...{ type: 'function_call_output' as const, call_id },
        output: at === 0 ? 'Rain' : 'Sun',
      }))
      const second = await create([question, ...calls, ...told])
      expect(second.output_text).toBe('Rain and sun.')
      expectOneProcess()
    },
    SDK_TEST_MS,
  )
})
