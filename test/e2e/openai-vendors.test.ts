import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import Anthropic from '@anthropic-ai/sdk'
import { type Ccproxy, startCcproxy } from '../support/ccproxy.ts'
import { type FakeOpenai, OPENAI_KEY, startFakeOpenai } from '../support/fake-openai.ts'
import { type CompletionOptions, completion, says } from '../support/fake-openai-reply.ts'
import { asJson, type Json } from '../support/fake-reply.ts'
import { startOpenaiProxy } from '../support/openai-proxy.ts'

const CLIENT_TOKEN = 'client-token-for-vendors-0008'
const tools: Anthropic.Tool[] = [
  { name: 'look', input_schema: { type: 'object', properties: { at: { type: 'string' } } } },
]
const options = { model: 'claude-sonnet-5-5', max_tokens: 2000, tools }

/** A vendor's profile, the fields beyond OpenAI's that it takes, and how it speaks. */
interface Vendor {
  readonly profile: string
  readonly model: string
  readonly field: string
  readonly body: readonly string[]
  readonly replies: CompletionOptions
}

const VENDORS: Vendor[] = [
  {
    ...{ profile: 'deepseek', model: 'deepseek-v4', field: 'reasoning_content' },
    ...{ body: ['thinking'], replies: { usage: 'every' } },
  },
  {
    ...{ profile: 'kimi', model: 'local-kimi', field: 'reasoning_content' },
    ...{ body: ['thinking'], replies: { usage: 'finish' } },
  },
]

for (const vendor of VENDORS) {
  describe(`the Anthropic SDK on ${vendor.profile}`, () => {
    let fake: FakeOpenai
    let proxy: Ccproxy
    let client: Anthropic

    beforeAll(async () => {
      const extras = { body: vendor.body, assistant: [vendor.field] }
      fake = await startFakeOpenai({ forbidden: [CLIENT_TOKEN], extras })
      const models = `"claude-*" = "${vendor.model}"`
      proxy = await startOpenaiProxy(fake, CLIENT_TOKEN, { models, profile: vendor.profile })
      client = new Anthropic({ baseURL: proxy.url, apiKey: CLIENT_TOKEN, maxRetries: 0 })
    })

    afterAll(async () => {
      await proxy.stop()
      await fake.close()
    })

    test('gives the reasoning of a turn with calls back to the vendor that made it', async () => {
      const parts = [{ reasoning: 'I must look é.' }, { tool: 'look', input: { at: 'Rom' } }]
      fake.reply(completion(parts, vendor.replies), says('Seen.', vendor.replies))
      const question = { role: 'user' as const, content: 'What is there?' }
      const first = await client.messages
        .stream({ ...options, messages: [question] })
        .finalMessage()
      expect(first.content).toMatchObject([
        { type: 'thinking', thinking: 'I must look é.' },
        { type: 'tool_use', name: 'look', input: { at: 'Rom' } },
      ])
      const [, call] = first.content
      const id = call?.type === 'tool_use' ? call.id : ''
      const last = await client.messages.create({
        ...options,
        messages: [
          question,
          { role: 'assistant', content: first.content.map(asSent) },
          { role: 'user', content: [{ type: 'tool_result', tool_use_id: id, content: 'Ruins' }] },
        ],
      })
      expect(last.content).toMatchObject([{ type: 'text', text: 'Seen.' }])
      expect(messagesOf(fake.bodies()[1])).toMatchObject([
        { role: 'user' },
        { role: 'assistant', [vendor.field]: 'I must look é.', tool_calls: [{ id }] },
        { role: 'tool', tool_call_id: id, content: 'Ruins' },
      ])
    })

    test('sends nothing that the vendor refuses', () => {
      expect(fake.violations).toEqual([])
    })
  })
}

test('learns from a refusal which field limits the answer, once', async () => {
  const fake = await startFakeOpenai({ forbidden: [CLIENT_TOKEN] })
  const proxy = await startCcproxy({
    key: false,
    env: {
      ...{ AUTH_TOKEN: CLIENT_TOKEN, UPSTREAM_BASE_URL: fake.url },
      ...{ UPSTREAM_API_KEY: OPENAI_KEY, DEFAULT_UPSTREAM_MODEL: 'gpt-5.5' },
    },
  })
  try {
    const client = new Anthropic({ baseURL: proxy.url, apiKey: CLIENT_TOKEN, maxRetries: 0 })
    const ask = () =>
      client.messages.create({ ...options, messages: [{ role: 'user', content: 'Hello' }] })
    for (const reply of [await ask(), await ask()]) {
      expect(reply.content).toMatchObject([{ type: 'text', text: 'Hello from the fake.' }])
    }
    const fields = fake.bodies().map((body) => Object.keys(body).find((key) => /^max_/.test(key)))
    expect(fields).toEqual(['max_tokens', 'max_completion_tokens', 'max_completion_tokens'])
  } finally {
    await proxy.stop()
    await fake.close()
  }
})

/** A block as the client sends it back, without what its helper added. */
function asSent(block: Anthropic.ContentBlock): Anthropic.ContentBlockParam {
  if (block.type === 'thinking') {
    const { type, thinking, signature } = block
    return { type, thinking, signature }
  }
  if (block.type !== 'tool_use') throw new Error(`Unexpected block "${block.type}"`)
  const { type, id, name, input } = block
  return { type, id, name, input }
}

function messagesOf(body: unknown): Json[] {
  const { messages } = asJson(body)
  return Array.isArray(messages) ? messages.map(asJson) : []
}
