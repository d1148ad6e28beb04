import { expect, test } from 'bun:test'
import OpenAI from 'openai'
import { bothUpstreams } from '../support/both-upstreams.ts'
import { completion, says } from '../support/fake-openai-reply.ts'
import { message, text } from '../support/fake-reply.ts'

const CLIENT_TOKEN = 'client-token-for-a-change-0007'
const { claude, openai, proxy, gateway } = await bothUpstreams(CLIENT_TOKEN)

const ON = {
  claude: { url: () => proxy.url, model: 'claude-sonnet-5-5' },
  chat: { url: () => `${gateway.url}/to/chat`, model: 'gpt-5.5' },
  responses: { url: () => `${gateway.url}/to/responses`, model: 'gpt-5.5' },
}

/** One step of a conversation of which nothing is stored; items go back as they came, which the SDK's types do not allow. */
async function ask(where: keyof typeof ON, items: readonly object[]) {
  const { url, model } = ON[where]
  const client = new OpenAI({ baseURL: `${url()}/v1`, apiKey: CLIENT_TOKEN, maxRetries: 0 })
  const input = JSON.parse(JSON.stringify(items))
  const parameters = { type: 'object', properties: { city: { type: 'string' } } }
  const { data, response } = await client.responses
    .create({
      ...{ model, input, store: false, include: ['reasoning.encrypted_content'] },
      tools: [{ type: 'function', name: 'get_weather', parameters, strict: false }],
    })
    .withResponse()
  return { ...data, notes: response.headers.get('x-ccproxy-notes') }
}

const CALL = { tool: 'get_weather', input: { city: 'Köln' }, id: 'call_1' }
const asked = [{ role: 'user', content: 'The weather of Köln' }]
const found = { type: 'function_call_output', call_id: 'call_1', output: 'Sun' }

for (const before of ['claude', 'chat'] as const) {
  test(`a conversation that was begun on ${before} goes on at OpenAI, without what was thought there`, async () => {
    claude.reply(message([{ thinking: 'Look.' }, { redacted: 'EmwKAhgBEgy3' }, CALL]))
    openai.reply(...(before === 'chat' ? [completion([{ reasoning: 'Look.' }, CALL])] : []))
    openai.reply(says('Sunny.'))
    const { output } = await ask(before, asked)
    expect(output.map(({ type }) => type)).toContain('reasoning')
    const reply = await ask('responses', [...asked, ...output, found])
    expect(reply.output_text).toBe('Sunny.')
    expect(reply.notes).toContain('another upstream')
    const sent = JSON.stringify(openai.bodies().at(-1)?.input)
    expect(sent).not.toContain('reasoning')
    expect(sent).toContain('"call_id":"call_1"')
  })
}

test('what OpenAI thought goes back to it and stays with it', async () => {
  openai.reply(completion([{ reasoning: 'Look.' }, CALL]), says('Sunny.'))
  claude.reply(text('Sunny here.'))
  const { output } = await ask('responses', asked)
  const input = [...asked, ...output, found]
  const reply = await ask('responses', input)
  expect(reply.notes).toBeNull()
  expect(JSON.stringify(openai.bodies().at(-1)?.input)).toBe(JSON.stringify(input))
  expect((await ask('claude', input)).output_text).toBe('Sunny here.')
})

test('a conversation that was compacted goes on at OpenAI with its summary', async () => {
  claude.reply(text('Köln is sunny.'))
  openai.reply(says('And stays so.'))
  const { output } = await ask('claude', [...asked, { type: 'compaction_trigger' }])
  expect(output.map(({ type }) => type)).toEqual(['compaction'])
  const reply = await ask('responses', [...output, { role: 'user', content: 'Go on' }])
  expect(reply.output_text).toBe('And stays so.')
  expect(JSON.stringify(openai.bodies().at(-1)?.input)).toContain('Köln is sunny.')
})

test('nothing that reached an upstream was refused', () => {
  expect(claude.violations).toEqual([])
  expect(openai.violations).toEqual([])
})
