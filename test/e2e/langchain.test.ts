import { describe, expect, test } from 'bun:test'
import { ChatAnthropic } from '@langchain/anthropic'
import { type AIMessageChunk, type BaseMessage, HumanMessage } from '@langchain/core/messages'
import { tool } from '@langchain/core/tools'
import { ChatOpenAI } from '@langchain/openai'
import { z } from 'zod'
import { bothUpstreams } from '../support/both-upstreams.ts'
import { midStreamError } from '../support/fake-fault.ts'
import { completion, says } from '../support/fake-openai-reply.ts'
import { message, type Reply, text } from '../support/fake-reply.ts'

const CLIENT_TOKEN = 'client-token-for-langchain-0006'
const CALLS = [
  { tool: 'get_weather', input: { city: 'Rom' } },
  { tool: 'get_weather', input: { city: 'Köln "am" Rhein' } },
]

const { claude, openai, proxy, gateway } = await bothUpstreams(CLIENT_TOKEN)

type Family = 'claude' | 'openai'
const MODELS = { claude: 'claude-sonnet-5-5', openai: 'gpt-5.5' }
const secrets = { apiKey: CLIENT_TOKEN, maxRetries: 0 }

function chatModel(family: Family, base: string, responses: boolean) {
  return new ChatOpenAI({
    ...{ ...secrets, model: MODELS[family], configuration: { baseURL: `${base}/v1` } },
    ...{ useResponsesApi: responses, zdrEnabled: true },
    ...(responses ? { modelKwargs: { include: ['reasoning.encrypted_content'] } } : {}),
  })
}

function messagesModel(base: string) {
  return new ChatAnthropic({
    ...{ ...secrets, model: 'claude-sonnet-5-5', anthropicApiUrl: base, maxTokens: 1000 },
  })
}

const CLIENTS = {
  'openai chat': (family: Family, base: string) => chatModel(family, base, false),
  'openai responses': (family: Family, base: string) => chatModel(family, base, true),
  anthropic: (_: Family, base: string) => messagesModel(base),
}

const UPSTREAMS: [where: string, family: Family, base: () => string][] = [
  ['Claude', 'claude', () => proxy.url],
  ['a Chat upstream', 'openai', () => `${gateway.url}/to/chat`],
  ['a Responses upstream', 'openai', () => `${gateway.url}/to/responses`],
]

function script(family: Family): void {
  const claudes: Reply[] = [
    message([{ thinking: 'Both at once.' }, { text: 'I look.' }, ...CALLS]),
    text('Sunny in both.'),
  ]
  const parts = [{ reasoning: 'Both at once.' }, { text: 'I look.' }, ...CALLS]
  if (family === 'claude') claude.reply(...claudes)
  else openai.reply(completion(parts, { interleave: true }), says('Sunny in both.'))
}

const weather = tool(({ city }: { city: string }) => `Sun in ${city}`, {
  ...{ name: 'get_weather', description: 'The weather', schema: z.object({ city: z.string() }) },
})

async function gather(stream: AsyncIterable<AIMessageChunk>): Promise<AIMessageChunk> {
  let whole: AIMessageChunk | undefined
  let count = 0
  for await (const chunk of stream) {
    whole = whole === undefined ? chunk : whole.concat(chunk)
    count += 1
  }
  if (whole === undefined) throw new Error('The stream was empty')
  expect(count).toBeGreaterThan(2)
  return whole
}

for (const [client, create] of Object.entries(CLIENTS)) {
  for (const [where, family, base] of UPSTREAMS) {
    for (const how of ['invoke', 'stream'] as const) {
      test(`LangChain's ${client} on ${where}: ${how} with parallel tools and the answer`, async () => {
        script(family)
        const model = create(family, base()).bindTools([weather])
        const ask = async (messages: BaseMessage[]): Promise<AIMessageChunk> =>
          how === 'invoke' ? model.invoke(messages) : gather(await model.stream(messages))
        const messages: BaseMessage[] = [new HumanMessage('The weather — “ünïcode” 🙂')]
        const first = await ask(messages)
        expect(first.text).toBe('I look.')
        expect(first.tool_calls?.map((call) => call.args)).toEqual(CALLS.map((call) => call.input))
        expect(first).toMatchObject({ usage_metadata: { output_tokens: expect.any(Number) } })
        messages.push(first)
        for (const call of first.tool_calls ?? []) {
          messages.push(await weather.invoke({ ...call, type: 'tool_call' }))
        }
        const last = await ask(messages)
        expect(last.text).toBe('Sunny in both.')
      })
    }
  }
}

describe('LangChain on Claude', () => {
  test('gets an object of its schema', async () => {
    const schema = z.object({ city: z.string(), degrees: z.number() })
    for (const responses of [false, true]) {
      claude.reply(text('{"city":"Rom","degrees":21.5}'))
      const model = chatModel('claude', proxy.url, responses)
      const structured = model.withStructuredOutput(schema, { method: 'jsonSchema' })
      expect(await structured.invoke('Weather?')).toEqual({ city: 'Rom', degrees: 21.5 })
    }
  })

  test('does not take an error inside a stream for an answer', async () => {
    const ask = async (responses: boolean): Promise<unknown> => {
      claude.reply(midStreamError('overloaded_error', 'Overloaded now'))
      const model = chatModel('claude', proxy.url, responses)
      const run = (async () => gather(await model.stream('Hello')))()
      return run.catch((thrown: unknown) => String(thrown))
    }
    expect(await ask(false)).toContain('Overloaded now')
    // LangChain 1.6 hears no response.failed; what counts is that it got no end that says completed.
    const outcome = await ask(true)
    if (typeof outcome === 'string') expect(outcome).toContain('Overloaded now')
    else expect(outcome).not.toMatchObject({ response_metadata: { status: 'completed' } })
  })
})

test('nothing that reached an upstream was refused', () => {
  expect(claude.violations).toEqual([])
  expect(openai.violations).toEqual([])
})
