import { describe, expect, test } from 'bun:test'
import { createAnthropic } from '@ai-sdk/anthropic'
import { createOpenAI } from '@ai-sdk/openai'
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { generateText, isStepCount, type LanguageModel, Output, streamText, tool } from 'ai'
import { z } from 'zod'
import { bothUpstreams } from '../support/both-upstreams.ts'
import { completion, openaiError, says } from '../support/fake-openai-reply.ts'
import { apiError, asJson, message, type Reply, text } from '../support/fake-reply.ts'

const CLIENT_TOKEN = 'client-token-for-ai-sdk-0005'
const CALLS = [
  { tool: 'get_weather', input: { city: 'Rom' } },
  { tool: 'get_weather', input: { city: 'Köln "am" Rhein' } },
]

const { claude, openai, proxy, gateway } = await bothUpstreams(CLIENT_TOKEN)

/** Where a request ends, and how that upstream is told what to answer. */
interface Upstream {
  readonly base: () => string
  readonly model: string
  readonly script: (loop: 'loop' | 'schema' | 'error') => void
}

const LOOP_ON_CLAUDE: () => Reply[] = () => [
  message([{ thinking: 'Both at once.' }, { text: 'I look.' }, ...CALLS]),
  text('Sunny in both.'),
]

function onClaude(mode: string): Upstream {
  return {
    base: () => `${proxy.url}${mode}/v1`,
    model: 'claude-sonnet-5-5',
    script: (what) => {
      if (what === 'loop') claude.reply(...LOOP_ON_CLAUDE())
      if (what === 'schema') claude.reply(text('{"city":"Rom","degrees":21.5}'))
      if (what === 'error') claude.reply(apiError(400, 'invalid_request_error', 'Not like this'))
    },
  }
}

function onOpenai(wire: 'chat' | 'responses', model: string, thinks = true): Upstream {
  return {
    base: () => `${gateway.url}/to/${wire}/v1`,
    model,
    script: (what) => {
      const thought = thinks ? [{ reasoning: 'Both at once.' }] : []
      const parts = [...thought, { text: 'I look.' }, ...CALLS]
      if (what === 'loop')
        openai.reply(completion(parts, { interleave: true }), says('Sunny in both.'))
      if (what === 'schema') openai.reply(says('{"city":"Rom","degrees":21.5}'))
      if (what === 'error') openai.reply(openaiError(400, { message: 'Not like this' }))
    },
  }
}

const apiKey = CLIENT_TOKEN
const CLIENTS: Record<string, (upstream: Upstream) => LanguageModel> = {
  'openai chat': ({ base, model }) => createOpenAI({ baseURL: base(), apiKey }).chat(model),
  'openai responses': ({ base, model }) =>
    createOpenAI({ baseURL: base(), apiKey }).responses(model),
  'openai-compatible': ({ base, model }) =>
    createOpenAICompatible({
      baseURL: base(),
      apiKey,
      name: 'proxy',
      includeUsage: true,
      supportsStructuredOutputs: true,
    })(model),
  anthropic: ({ base, model }) => createAnthropic({ baseURL: base(), apiKey })(model),
}

/** Clients that send the whole of their thinking back; the others have no place for its signature. */
const THINKERS = ['anthropic', 'openai responses']

/** Types of the assistant's blocks in the last request that reached Claude. */
function blocksSentBack(): unknown[] {
  const body = asJson(JSON.parse(claude.messages().at(-1)?.text ?? '{}'))
  const messages = Array.isArray(body.messages) ? body.messages.map(asJson) : []
  const content = messages.find((entry) => entry.role === 'assistant')?.content
  return Array.isArray(content) ? content.map((block) => asJson(block).type) : []
}

const UPSTREAMS: Record<string, (client: string) => Upstream> = {
  Claude: () => onClaude(''),
  'a Chat upstream': (client) =>
    // This client sends reasoning_content back, which OpenAI's own API refuses and which passes untouched.
    onOpenai('chat', modelFor(client, 'gpt-4.1'), client !== 'openai-compatible'),
  'a Responses upstream': (client) => onOpenai('responses', modelFor(client, 'gpt-5.5')),
}

function modelFor(client: string, model: string): string {
  return client === 'anthropic' ? 'claude-sonnet-5-5' : model
}

function weather(asked: string[]) {
  return tool({
    description: 'The weather',
    inputSchema: z.object({ city: z.string() }),
    execute: async ({ city }) => {
      asked.push(city)
      return `Sun in ${city}`
    },
  })
}

for (const [client, create] of Object.entries(CLIENTS)) {
  for (const [where, choose] of Object.entries(UPSTREAMS)) {
    describe(`the AI SDK's ${client} on ${where}`, () => {
      const upstream = choose(client)
      const options = (asked: string[]) => ({
        model: create(upstream),
        maxRetries: 0,
        prompt: 'The weather of Rom and Köln — “ünïcode” 🙂',
        tools: { get_weather: weather(asked) },
        stopWhen: isStepCount(3),
        providerOptions: { openai: { store: false } },
      })

      test('generates in two steps with parallel tools', async () => {
        upstream.script('loop')
        const asked: string[] = []
        const result = await generateText(options(asked))
        expect(result.text).toBe('Sunny in both.')
        expect(asked).toEqual(['Rom', 'Köln "am" Rhein'])
        expect(result.steps.map((step) => step.finishReason)).toEqual(['tool-calls', 'stop'])
        if (where === 'Claude' && THINKERS.includes(client))
          expect(blocksSentBack()[0]).toBe('thinking')
        expect(result.steps[0]?.usage.outputTokens).toBeGreaterThan(0)
      })

      test('streams the same two steps', async () => {
        upstream.script('loop')
        const asked: string[] = []
        const errors: unknown[] = []
        const result = streamText({
          ...options(asked),
          onError: ({ error }) => void errors.push(error),
        })
        const kinds = new Set<string>()
        for await (const part of result.fullStream) kinds.add(part.type)
        expect(errors).toEqual([])
        expect(await result.text).toBe('Sunny in both.')
        expect(asked).toEqual(['Rom', 'Köln "am" Rhein'])
        for (const kind of ['text-delta', 'tool-input-delta', 'tool-result', 'finish']) {
          expect([...kinds]).toContain(kind)
        }
      })

      test('gets an object of its schema', async () => {
        upstream.script('schema')
        const schema = z.object({ city: z.string(), degrees: z.number() })
        const { output } = await generateText({
          ...{ model: create(upstream), prompt: 'As JSON, please', maxRetries: 0 },
          output: Output.object({ schema }),
        })
        expect(output).toEqual({ city: 'Rom', degrees: 21.5 })
      })

      test('throws what the upstream said', async () => {
        upstream.script('error')
        const error: unknown = await generateText(options([])).catch((thrown: unknown) => thrown)
        expect(error).toMatchObject({ statusCode: 400 })
        expect(String(error)).toContain('Not like this')
      })
    })
  }
}

test('the AI SDK is told in plain words to send whole items where it refers to stored ones', async () => {
  onClaude('').script('loop')
  const error: unknown = await generateText({
    model: createOpenAI({ baseURL: `${proxy.url}/v1`, apiKey }).responses('claude-sonnet-5-5'),
    ...{ prompt: 'Weather?', maxRetries: 0, stopWhen: isStepCount(3) },
    tools: { get_weather: weather([]) },
  }).catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({ statusCode: 400 })
  expect(String(error)).toContain('store set to false')
})

test('nothing that reached an upstream was refused', () => {
  expect(claude.violations).toEqual([])
  expect(openai.violations).toEqual([])
})
