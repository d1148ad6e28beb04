import { describe, expect, test } from 'bun:test'
import Anthropic from '@anthropic-ai/sdk'
import { betaZodTool } from '@anthropic-ai/sdk/helpers/beta/zod'
import { zodOutputFormat } from '@anthropic-ai/sdk/helpers/zod'
import { z } from 'zod'
import { bothUpstreams } from '../support/both-upstreams.ts'
import { completion, says } from '../support/fake-openai-reply.ts'

const CLIENT_TOKEN = 'client-token-for-the-sdk-0006'
const hello = {
  ...{ model: 'claude-sonnet-5-5', max_tokens: 1000 },
  messages: [{ role: 'user' as const, content: 'The weather of Rom and Köln' }],
}

const { openai, gateway } = await bothUpstreams(CLIENT_TOKEN)

function weather(asked: string[]) {
  return betaZodTool({
    name: 'get_weather',
    description: 'The weather',
    inputSchema: z.object({ city: z.string() }),
    run: ({ city }) => {
      asked.push(city)
      return `Sun in ${city}`
    },
  })
}

for (const wire of ['chat', 'responses']) {
  describe(`the official SDK on a ${wire} upstream`, () => {
    const client = () =>
      new Anthropic({ baseURL: `${gateway.url}/to/${wire}`, apiKey: CLIENT_TOKEN, maxRetries: 0 })
    const calls = [
      { text: 'I look.' },
      { tool: 'get_weather', input: { city: 'Rom' } },
      { tool: 'get_weather', input: { city: 'Köln' } },
    ]

    test('has its tool runner send the whole conversation, as no thread is held', async () => {
      openai.reply(completion(calls), says('Sunny in both.'))
      const from = openai.requests.length
      const asked: string[] = []
      const runner = client().beta.messages.toolRunner({ ...hello, tools: [weather(asked)] })
      const { content } = await runner
      expect(content).toMatchObject([{ type: 'text', text: 'Sunny in both.' }])
      expect(asked).toEqual(['Rom', 'Köln'])
      expect(openai.requests.length - from).toBe(2)
      expect(JSON.stringify(openai.bodies(from)[1])).toContain('The weather of Rom and Köln')
    })

    test('refuses a thread by the code that the SDK knows, and asks no upstream', async () => {
      const from = openai.requests.length
      const thread = client().beta.messages.thread({ model: hello.model, max_tokens: 9 })
      const error: unknown = await thread.send({ role: 'user', content: 'Hi' }).catch((e) => e)
      expect(error).toBeInstanceOf(Anthropic.BadRequestError)
      expect(error).toMatchObject({
        error: { error: { details: { error_code: 'thread_unsupported_request' } } },
      })
      expect(openai.requests.length).toBe(from)
    })

    test('streams by its helper what it folds to one message', async () => {
      openai.reply(completion(calls, { interleave: true }))
      const seen = new Set<string>()
      const stream = client().messages.stream({
        ...hello,
        tools: [{ name: 'get_weather', input_schema: { type: 'object' } }],
      })
      stream.on('text', () => seen.add('text')).on('inputJson', () => seen.add('inputJson'))
      const { content, stop_reason } = await stream.finalMessage()
      expect(content.map(({ type }) => type)).toEqual(['text', 'tool_use', 'tool_use'])
      expect(stop_reason).toBe('tool_use')
      expect([...seen]).toEqual(['text', 'inputJson'])
    })

    test('gets an object of its schema', async () => {
      openai.reply(says('{"city":"Rom","degrees":21.5}'))
      const format = zodOutputFormat(z.object({ city: z.string(), degrees: z.number() }))
      const reply = await client().messages.parse({ ...hello, output_config: { format } })
      expect(reply.parsed_output).toEqual({ city: 'Rom', degrees: 21.5 })
    })
  })
}

test('nothing that reached OpenAI was refused', () => {
  expect(openai.violations).toEqual([])
})
