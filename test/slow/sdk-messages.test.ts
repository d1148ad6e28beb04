import { describe, expect, test } from 'bun:test'
import Anthropic, { APIError, toFile } from '@anthropic-ai/sdk'
import { asJson, type Json, message, text } from '../support/fake-reply.ts'
import { heard, SDK_TEST_MS } from '../support/sdk.ts'
import { sdkForFile } from '../support/sdk-file.ts'

const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
const PDF = Buffer.from('%PDF-1.4\n%%EOF\n').toString('base64')
const model = 'claude-sonnet-4-6'
const hello = { model, max_tokens: 500, messages: [{ role: 'user' as const, content: 'Hello' }] }

const { sdk, sent, before } = await sdkForFile()

function client(): Anthropic {
  return new Anthropic({ baseURL: `${sdk.proxy.url}/sdk`, apiKey: 'a-client-key', maxRetries: 0 })
}

/** The messages that reached it, without the words that Claude Code adds. */
function conversation(index = 0): Json[] {
  const messages = sent(index).messages
  return (Array.isArray(messages) ? messages.map(asJson) : [])
    .filter(({ role }) => role !== 'system')
    .map(({ role, content }) => ({ role, content: withoutReminders(content) }))
}

function withoutReminders(content: unknown): unknown {
  if (!Array.isArray(content)) return content
  return content
    .map(asJson)
    .filter(({ text: words }) => !String(words).startsWith('<system-reminder>'))
    .map(({ cache_control: _, ...block }) => block)
}

describe('a message through /sdk', () => {
  test(
    'is answered by one request, with its usage and cost',
    async () => {
      sdk.fake.reply(text('Grüße, 世界 🙂'))
      const { data, response } = await client().messages.create(hello).withResponse()
      expect(data).toMatchObject({
        ...{ type: 'message', role: 'assistant', model, stop_reason: 'end_turn' },
        content: [{ type: 'text', text: 'Grüße, 世界 🙂' }],
        usage: { input_tokens: 12, cache_read_input_tokens: 3, output_tokens: 7 },
      })
      expect(data.id).toStartWith('msg_')
      expect(Number(asJson(data.usage).cost_usd)).toBeGreaterThan(0)
      expect(response.headers.get('x-ccproxy-upstream')).toBe(`claude-sdk/${model}`)
      expect(response.headers.has('x-ccproxy-notes')).toBe(false)
      expect(sdk.fake.messages().length).toBe(before() + 1)
      expect(sent()).toMatchObject({ model, max_tokens: 500, thinking: { type: 'disabled' } })
      expect(sent().tools).toEqual([])
    },
    SDK_TEST_MS,
  )

  test(
    'streams, and folds to what the helper of the official SDK expects',
    async () => {
      sdk.fake.reply(message([{ text: 'Grüße, 世界 🙂', pieces: 9 }, { text: 'And more' }]))
      const seen: string[] = []
      const stream = client().messages.stream(hello)
      stream.on('text', (piece) => seen.push(piece))
      const final = await stream.finalMessage()
      expect(seen.length).toBeGreaterThan(5)
      expect(final.content).toMatchObject([
        { type: 'text', text: 'Grüße, 世界 🙂' },
        { type: 'text', text: 'And more' },
      ])
      expect(final.usage).toMatchObject({ input_tokens: 12, output_tokens: 7 })
    },
    SDK_TEST_MS,
  )

  test(
    'brings the whole conversation: system, history, images, documents, all in their roles',
    async () => {
      const image = {
        type: 'image' as const,
        source: { type: 'base64' as const, media_type: 'image/png' as const, data: PNG },
      }
      const document = {
        ...{ type: 'document' as const, title: 'Paper' },
        source: { type: 'base64' as const, media_type: 'application/pdf' as const, data: PDF },
      }
      const call = { type: 'tool_use' as const, id: 'toolu_old', name: 'look', input: { at: 1 } }
      await client().messages.create({
        ...hello,
        system: [
          { type: 'text', text: 'Be a pirate' },
          { type: 'text', text: 'Be brief' },
        ],
        messages: [
          { role: 'user', content: [{ type: 'text', text: 'See' }, image, document] },
          { role: 'assistant', content: [{ type: 'text', text: 'I see' }, call] },
          {
            role: 'user',
            content: [
              {
                ...{ type: 'tool_result', tool_use_id: 'toolu_old', is_error: true },
                content: [{ type: 'text', text: 'Too dark' }],
              },
            ],
          },
          { role: 'assistant', content: 'Then not' },
          { role: 'user', content: [{ type: 'text', text: 'And now?' }, image] },
        ],
      })
      expect(JSON.stringify(sent().system)).toContain('Be a pirate\\n\\nBe brief')
      expect(conversation()).toEqual([
        { role: 'user', content: [{ type: 'text', text: 'See' }, image, document] },
        { role: 'assistant', content: [{ type: 'text', text: 'I see' }, call] },
        {
          role: 'user',
          content: [
            {
              ...{ type: 'tool_result', tool_use_id: 'toolu_old', is_error: true },
              content: [{ type: 'text', text: 'Too dark' }],
            },
          ],
        },
        { role: 'assistant', content: [{ type: 'text', text: 'Then not' }] },
        { role: 'user', content: [{ type: 'text', text: 'And now?' }, image] },
      ])
    },
    SDK_TEST_MS,
  )

  test.each(['/help', '@package.json and #memory', '!ls -la', '/compact\nplease'])(
    'says "%s" as it is',
    async (words) => {
      const messages = [{ role: 'user' as const, content: words }]
      await client().messages.create({ ...hello, messages })
      const last = conversation()[0]?.content
      expect(Array.isArray(last) ? last.at(-1) : { type: 'text', text: last }).toEqual({
        ...{ type: 'text', text: words },
      })
    },
    SDK_TEST_MS,
  )

  test(
    'brings thinking back with its signature',
    async () => {
      sdk.fake.reply(
        message([{ thinking: 'Two and two' }, { redacted: 'c2VjcmV0' }, { text: '4' }]),
      )
      const asked = {
        ...hello,
        max_tokens: 4000,
        thinking: { type: 'enabled' as const, budget_tokens: 1500 },
      }
      const first = await client().messages.create(asked)
      expect(first.content.map(({ type }) => type)).toEqual([
        'thinking',
        'redacted_thinking',
        'text',
      ])
      expect(sent()).toMatchObject({ thinking: asked.thinking, max_tokens: 4000 })
      await client().messages.create({
        ...asked,
        messages: [
          ...hello.messages,
          { role: 'assistant', content: first.content },
          { role: 'user', content: 'Sure?' },
        ],
      })
      expect(conversation(1)[1]).toEqual({
        role: 'assistant',
        content: first.content.map((block) => asJson(block)),
      })
    },
    SDK_TEST_MS,
  )

  test(
    'carries sampling parameters and the form of the answer',
    async () => {
      const format = { type: 'json_schema' as const, schema: { type: 'object', properties: {} } }
      await client().messages.create(
        {
          ...hello,
          ...{ temperature: 0.3, top_p: 0.9, top_k: 5, service_tier: 'standard_only' as const },
          output_config: { effort: 'low', format },
          metadata: { user_id: 'me' },
        },
        { headers: { 'anthropic-version': '2023-06-01' } },
      )
      expect(sent()).toMatchObject({
        ...{ temperature: 0.3, top_p: 0.9, top_k: 5, service_tier: 'standard_only' },
        output_config: { effort: 'low', format },
      })
    },
    SDK_TEST_MS,
  )

  test(
    'tells what it cannot carry',
    async () => {
      const { response } = await client()
        .beta.messages.create({ ...hello, context_management: { edits: [] } })
        .withResponse()
      expect(response.headers.get('x-ccproxy-notes')).toContain('context_management')
    },
    SDK_TEST_MS,
  )

  test(
    'ends at a stop sequence and at its limit, where the upstream minds neither',
    async () => {
      sdk.fake.reply(message([{ text: 'One two END three', pieces: 6 }]))
      const stopped = await client().messages.create({ ...hello, stop_sequences: ['END', 'X'] })
      expect(stopped).toMatchObject({
        ...{ stop_reason: 'stop_sequence', stop_sequence: 'END' },
        content: [{ type: 'text', text: 'One two ' }],
      })
      expect(sent().stop_sequences).toEqual(['END', 'X'])
      sdk.fake.reply(message([{ text: 'One two three four', pieces: 3 }]))
      const limited = await client()
        .messages.stream({ ...hello, max_tokens: 3 })
        .finalMessage()
      expect(limited).toMatchObject({
        stop_reason: 'max_tokens',
        content: [{ type: 'text', text: 'One two three ' }],
      })
      expect(sent(1).max_tokens).toBe(3)
    },
    SDK_TEST_MS,
  )

  test.each(['max_tokens', 'refusal', 'model_context_window_exceeded'] as const)(
    'ends with "%s" where the upstream does, and asks for nothing more',
    async (stopReason) => {
      sdk.fake.reply(message([{ text: 'Half' }], { stopReason }), text('NEVER'))
      const reply = await client().messages.create(hello)
      expect(reply.stop_reason).toBe(stopReason)
      expect(reply.content).toMatchObject([{ text: 'Half' }])
    },
    SDK_TEST_MS,
  )
})

describe('beside messages, /sdk', () => {
  test('lists models and tells one', async () => {
    const { data } = await client().models.list()
    expect(data.map(({ id }) => id)).toContain('claude-sonnet-4-6')
    expect(await client().models.retrieve('claude-sonnet-4-6')).toMatchObject({ type: 'model' })
    const openai = await fetch(`${sdk.proxy.url}/sdk/openai/v1/models`)
    const { data: listed } = asJson(await openai.json())
    expect(Array.isArray(listed) ? listed[0] : listed).toMatchObject({ object: 'model' })
  })

  test('counts tokens by an estimate', async () => {
    const { input_tokens } = await client().messages.countTokens({
      ...{ model, messages: [{ role: 'user', content: 'A sentence of some seven words.' }] },
    })
    expect(input_tokens).toBeGreaterThan(5)
    expect(sdk.fake.requests.some(({ path }) => path.includes('count_tokens'))).toBe(false)
  })

  test('has no files, and says so', async () => {
    const file = await toFile(Buffer.from('x'), 'x.txt')
    const error = await client()
      .beta.files.upload({ file })
      .catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(APIError)
    expect(error).toMatchObject({ status: 404, error: { error: { type: 'not_found_error' } } })
  })

  test('refuses a conversation that ends with an answer, and names the field', async () => {
    const messages = [...hello.messages, { role: 'assistant' as const, content: 'I say' }]
    const error = await client()
      .messages.create({ ...hello, messages })
      .catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ status: 400 })
    expect(String(error)).toContain('messages')
  })

  test(
    'takes the same paths as other modes',
    async () => {
      sdk.fake.reply(text('Here'))
      const response = await fetch(`${sdk.proxy.url}/sdk/v1/v1//messages?beta=true`, {
        ...{ method: 'POST', headers: { 'content-type': 'application/json' } },
        body: JSON.stringify(hello),
      })
      expect(await response.json()).toMatchObject({ content: [{ text: 'Here' }] })
      expect(heard(sdk.fake, -1).at(-1)).toBe('user: Hello')
    },
    SDK_TEST_MS,
  )
})
