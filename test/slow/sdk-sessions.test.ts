import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { asJson, type Json, text, tool } from '../support/fake-reply.ts'
import { heard, SDK_TEST_MS, type Sdk, say, startSdk } from '../support/sdk.ts'
import { sleep, until } from '../support/wait.ts'

setDefaultTimeout(SDK_TEST_MS)

let sdk: Sdk
let asked = 0
/** A session that no other test uses. */
const fresh = () => `session-${++asked}-${crypto.randomUUID().slice(0, 8)}`

function turn(user: string, assistant: string): Json[] {
  return [
    { role: 'user', content: user },
    { role: 'assistant', content: assistant },
  ]
}

beforeAll(async () => {
  sdk = await startSdk()
})
afterEach(() => {
  expect(sdk.fake.violations).toEqual([])
  sdk.fake.forget()
})
afterAll(() => sdk.stop())

describe('a conversation that the path names', () => {
  test('goes on in the same process: by a message alone, by the whole history', async () => {
    const session = fresh()
    sdk.fake.reply(text('I am Ann.'), text('Ann, as I said.'), text('Still Ann.'))
    expect((await sdk.ask(say('Who are you?'), { session })).text).toBe('I am Ann.')
    const [process] = (await warm(1)).map(({ pid }) => pid)
    await sdk.ask(say('Again?'), { session })
    expect(heard(sdk.fake, -1)).toEqual([
      'user: Who are you?',
      'assistant: I am Ann.',
      'user: Again?',
    ])
    const history = [...turn('Who are you?', 'I am Ann.'), ...turn('Again?', 'Ann, as I said.')]
    const whole = { messages: [...history, { role: 'user', content: 'Sure?' }] }
    await sdk.ask(say('', whole), { session })
    expect(heard(sdk.fake, -1)).toHaveLength(5)
    expect((await warm(1)).map(({ pid }) => pid)).toContain(process ?? 0)
    expect(await sdk.sessions()).toMatchObject({ busy: 0, warm: 1 })
  })

  test('forks where the history is another one', async () => {
    const session = fresh()
    sdk.fake.reply(text('Blue.'), text('Green it is.'))
    await sdk.ask(say('Colour?'), { session })
    const other = { messages: [...turn('Colour?', 'Red.'), { role: 'user', content: 'Sure?' }] }
    expect((await sdk.ask(say('', other), { session })).text).toBe('Green it is.')
    expect(heard(sdk.fake, -1)).toEqual(['user: Colour?', 'assistant: Red.', 'user: Sure?'])
    sdk.fake.reply(text('Of course.'))
    await sdk.ask(say('Really?'), { session })
    expect(heard(sdk.fake, -1)).toEqual([
      ...['user: Colour?', 'assistant: Red.', 'user: Sure?', 'assistant: Green it is.'],
      'user: Really?',
    ])
  })

  test('begins anew with the same first message', async () => {
    const session = fresh()
    sdk.fake.reply(text('One.'), text('Two.'))
    await sdk.ask(say('Count.'), { session })
    await sdk.ask(say('Count.'), { session })
    expect(heard(sdk.fake, -1)).toEqual(['user: Count.'])
    const { warm: before } = await sdk.sessions()
    await sdk.ask(say('Count.'), { session })
    // The old one makes place for the new one.
    expect((await sdk.sessions()).warm).toBe(Number(before))
  })

  test('survives its process', async () => {
    const session = fresh()
    sdk.fake.reply(text('Noted.'), text('Seven.'))
    await sdk.ask(say('Remember 7.'), { session })
    for (const { pid } of sdk.claudes()) process.kill(pid, 'SIGKILL')
    await warm(0)
    expect((await sdk.ask(say('Which number?'), { session })).text).toBe('Seven.')
    expect(heard(sdk.fake, -1)).toEqual([
      ...['user: Remember 7.', 'assistant: Noted.', 'user: Which number?'],
    ])
  })

  test('survives a turn that its client left', async () => {
    const session = fresh()
    sdk.fake.reply(text('Noted.'), text('Never read.', { stallAfterFirst: 20_000 }))
    await sdk.ask(say('Remember 8.'), { session })
    const leaving = new AbortController()
    const response = await sdk.send(say('Which?', { stream: true }), {
      session,
      signal: leaving.signal,
    })
    expect(response.status).toBe(200)
    leaving.abort()
    sdk.fake.reply(text('Eight.'))
    expect((await sdk.ask(say('So?'), { session })).text).toBe('Eight.')
    expect(heard(sdk.fake, -1)).toEqual(['user: Remember 8.', 'assistant: Noted.', 'user: So?'])
  })

  test('two requests at once do not disturb each other', async () => {
    const session = fresh()
    sdk.fake.otherwise((_, body) =>
      text(`Heard ${/number (\d)/.exec(JSON.stringify(body))?.[1]}.`, { stallBefore: 500 }),
    )
    const answers = await Promise.all(
      [1, 2].map((n) => sdk.ask(say(`I am number ${n}.`), { session })),
    )
    sdk.fake.otherwise(() => undefined)
    expect(answers.map((answer) => answer.text)).toEqual(['Heard 1.', 'Heard 2.'])
  })
})

describe.each(['metadata', 'header'])('a conversation that the %s names', (how) => {
  test('goes on where the history is known, forks where it is not', async () => {
    const id = crypto.randomUUID()
    const named = (messages: Json[]) =>
      how === 'header'
        ? sdk.ask(say('', { messages }), { headers: { 'x-claude-code-session-id': id } })
        : sdk.ask(say('', { messages, metadata: { session_id: id } }))
    sdk.fake.reply(text('Four.'), text('Five.'), text('Six.'))
    const first = { role: 'user', content: '2 + 2?' }
    await named([first])
    const before = new Set(sdk.claudes().map(({ pid }) => pid))
    await named([...turn('2 + 2?', 'Four.'), { role: 'user', content: 'and 1?' }])
    expect(heard(sdk.fake, -1)).toEqual(['user: 2 + 2?', 'assistant: Four.', 'user: and 1?'])
    const { warm: one } = await sdk.sessions()
    await named([...turn('2 + 2?', 'Twenty-two.'), { role: 'user', content: 'Really?' }])
    expect(heard(sdk.fake, -1)).toEqual(['user: 2 + 2?', 'assistant: Twenty-two.', 'user: Really?'])
    expect((await sdk.sessions()).warm).toBe(Number(one) + 1)
    expect(sdk.claudes().some(({ pid }) => before.has(pid))).toBe(true)
  })
})

test('a message alone begins anew where no path names the conversation', async () => {
  const headers = { 'x-claude-code-session-id': crypto.randomUUID() }
  await sdk.ask(say('My name is Bo.'), { headers })
  await sdk.ask(say('What is my name?'), { headers })
  expect(heard(sdk.fake, -1)).toEqual(['user: What is my name?'])
})

test('without a name nothing is left but the spare', async () => {
  await sdk.stop()
  sdk = await startSdk()
  await sdk.ask(say('Hello'))
  await until('one spare', async () => (await sdk.sessions()).spare === 1)
  expect(await sdk.sessions()).toEqual({ busy: 0, warm: 0, spare: 1 })
  await until('one process', () => sdk.claudes().length === 1)
})

/** The processes, once so many conversations are warm. */
async function warm(count: number) {
  await until(`${count} warm`, async () => (await sdk.sessions()).warm === count)
  return sdk.claudes()
}

test('calls that wait for the caller keep their process, also without a name', async () => {
  const tools = [{ name: 'look', description: 'Looks', input_schema: { type: 'object' } }]
  sdk.fake.reply(tool('look', {}), text('Seen.'))
  const first = await sdk.ask(say('Look!', { tools }))
  expect(first.body.stop_reason).toBe('tool_use')
  expect(await sdk.sessions()).toMatchObject({ warm: 1 })
  const uses = Array.isArray(first.body.content) ? first.body.content.map(asJson) : []
  const id = uses.find(({ type }) => type === 'tool_use')?.id
  const messages = [
    { role: 'user', content: 'Look!' },
    { role: 'assistant', content: first.body.content },
    { role: 'user', content: [{ type: 'tool_result', tool_use_id: id, content: 'a cat' }] },
  ]
  expect((await sdk.ask(say('', { tools, messages }))).text).toBe('Seen.')
  expect(await sdk.sessions()).toMatchObject({ busy: 0, warm: 0 })
})

describe('limits', () => {
  test('the longest unused conversation makes place; where all are busy a request is refused', async () => {
    const small = await startSdk({ sdk: 'tools = "none"\nsetting_sources = []\nmax_sessions = 2' })
    try {
      for (const session of ['first-one', 'second-one']) await small.ask(say('Hi'), { session })
      const [first, second] = small.claudes().map(({ pid }) => pid)
      await small.ask(say('Hi'), { session: 'third-one' })
      expect(await small.sessions()).toMatchObject({ warm: 2, spare: 0 })
      await until('the first is gone', () => small.claudes().length === 2)
      const left = small.claudes().map(({ pid }) => pid)
      expect(left).not.toContain(first ?? 0)
      expect(left).toContain(second ?? 0)
      small.fake.otherwise(() => text('Slow.', { stallBefore: 3000 }))
      const busy = ['second-one', 'third-one'].map((session) => small.ask(say('More'), { session }))
      await until('both busy', async () => (await small.sessions()).busy === 2)
      const refused = await small.ask(say('Me too'))
      expect(refused.status).toBe(503)
      expect(refused.headers.get('retry-after')).toBe('5')
      expect(asJson(refused.body.error)).toMatchObject({ type: 'api_error' })
      expect(String(asJson(refused.body.error).message)).toContain('sdk.max_sessions')
      for (const answer of await Promise.all(busy)) expect(answer.text).toBe('Slow.')
    } finally {
      await small.stop()
    }
  })

  test('what is not used for its time ends: conversations and spares, not what was said', async () => {
    const short = await startSdk({
      sdk: 'tools = "none"\nsetting_sources = []\nsession_idle_seconds = 1',
    })
    try {
      short.fake.reply(text('Noted.'), text('Nine.'))
      await short.ask(say('Remember 9.'), { session: 'idle-session' })
      await until('all have ended', () => short.processes().length === 0, 10_000)
      expect(await short.sessions()).toEqual({ busy: 0, warm: 0, spare: 0 })
      await short.ask(say('Which?'), { session: 'idle-session' })
      expect(heard(short.fake, -1)).toEqual([
        ...['user: Remember 9.', 'assistant: Noted.', 'user: Which?'],
      ])
    } finally {
      await short.stop()
    }
  })

  test('a process older than its lifetime ends also where it is used, and what nobody asks for so long is forgotten', async () => {
    const short = await startSdk({
      sdk: 'tools = "none"\nsetting_sources = []\nprewarm = 0\nsession_lifetime_seconds = 2',
    })
    try {
      const session = 'mortal-session'
      await short.ask(say('One'), { session })
      const [first] = short.claudes().map(({ pid }) => pid)
      await until('another process goes on', async () => {
        await short.ask(say('More'), { session })
        return !short.claudes().some(({ pid }) => pid === first)
      })
      expect(heard(short.fake, -1)[0]).toBe('user: One')
      await sleep(3500)
      await short.ask(say('Still there?'), { session })
      expect(heard(short.fake, -1)).toEqual(['user: Still there?'])
    } finally {
      await short.stop()
    }
  })
})

describe('spares', () => {
  test('serve other system prompts and tools as well, are replaced, and may die', async () => {
    await until('a spare', async () => (await sdk.sessions()).spare === 1)
    const [spare] = sdk.claudes().map(({ pid }) => pid)
    const tools = [{ name: 'look', description: 'Looks', input_schema: { type: 'object' } }]
    sdk.fake.reply(tool('look', {}))
    await sdk.ask(say('Look!', { tools, system: 'Never told before.' }))
    const body = asJson(JSON.parse(sdk.fake.messages().at(-1)?.text ?? '{}'))
    expect(JSON.stringify(body.system)).toContain('Never told before.')
    expect(JSON.stringify(body.tools)).toContain('Looks')
    // The call waits in the process that was the spare.
    expect(sdk.claudes().map(({ pid }) => pid)).toContain(spare ?? 0)
    await until('another spare', async () => (await sdk.sessions()).spare === 1)
    for (const { pid } of sdk.claudes()) if (pid !== spare) process.kill(pid, 'SIGKILL')
    expect((await sdk.ask(say('Hello'))).text).toBe('Hello from the fake.')
  })
})

test('eight conversations at once keep their answers apart, three times over', async () => {
  const names = Array.from({ length: 8 }, (_, index) => `speaker-${index}`)
  const said = (round: number) =>
    Promise.all(names.map((name) => sdk.ask(say(`${name}, round ${round}`), { session: name })))
  sdk.fake.otherwise((_, body) => {
    const all = JSON.stringify(body).match(/speaker-\d, round \d/g) ?? []
    return text(`You are ${all.at(-1)}, of ${new Set(all).size}.`, { pace: 20 })
  })
  for (const round of [1, 2, 3]) {
    const answers = await said(round)
    expect(answers.map((answer) => answer.text)).toEqual(
      names.map((name) => `You are ${name}, round ${round}, of ${round}.`),
    )
  }
  sdk.fake.otherwise(() => undefined)
})
