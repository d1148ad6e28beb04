import { describe, expect, test } from 'bun:test'
import { PermissionDesk } from '../../../src/provider/claude-sdk/permission-desk.ts'
import type {
  PermissionAsk,
  PermissionOutcome,
} from '../../../src/provider/claude-sdk/permission-entry.ts'
import type { PermissionRule } from '../../../src/provider/claude-sdk/permission-rules.ts'
import type { PermissionEvent } from '../../../src/provider/claude-sdk/permission-schema.ts'

const TIMEOUT_MS = 30_000

/** Time that stands still until it is told to go on. */
class Hand {
  #now = Date.parse('2026-11-22T10:00:00Z')
  readonly timers = new Set<{ at: number; run: () => void }>()

  now(): number {
    return this.#now
  }

  after(milliseconds: number, run: () => void): () => void {
    const timer = { at: this.#now + milliseconds, run }
    this.timers.add(timer)
    return () => void this.timers.delete(timer)
  }

  /** Lets time pass without anyone noticing. */
  sleep(milliseconds: number): void {
    this.#now += milliseconds
  }

  pass(milliseconds: number): void {
    const end = this.#now + milliseconds
    for (;;) {
      const [next] = [...this.timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)
      if (next === undefined) break
      this.timers.delete(next)
      this.#now = Math.max(this.#now, next.at)
      next.run()
    }
    this.#now = end
  }
}

function world(rules: readonly PermissionRule[] = []) {
  const clock = new Hand()
  const desk = new PermissionDesk({ rules, timeoutMs: TIMEOUT_MS, clock })
  const heard: PermissionEvent[] = []
  desk.subscribe((event) => heard.push(event))
  const outcomes = new Map<string, PermissionOutcome[]>()
  /** Asks, and gives the id under which it waits. */
  const ask = (asked: Partial<PermissionAsk> = {}): string => {
    const before = heard.length
    const answered = desk.ask({ tool: 'Bash', input: { command: 'ls' }, ...asked })
    const id = heard[before]?.request_id ?? ''
    const got: PermissionOutcome[] = []
    outcomes.set(id, got)
    void answered.then((outcome) => got.push(outcome))
    return id
  }
  const outcome = async (id: string) => {
    await Promise.resolve()
    return outcomes.get(id)
  }
  const types = () => heard.map((event) => event.type)
  return { clock, desk, heard, ask, outcome, types }
}

const DENIED = { behavior: 'deny', message: 'The user denied this tool use' } as const

describe('a tool request', () => {
  test('is told to listeners as it is, and allowed', async () => {
    const { desk, heard, ask, outcome, types } = world()
    const id = ask({ session: 's-1', toolUseId: 'toolu_1', title: 'Claude wants to list' })
    expect(id).toMatch(/^[A-Za-z0-9]{24}$/)
    expect(heard[0]).toEqual({
      type: 'permission_request',
      request_id: id,
      tool_name: 'Bash',
      input: { command: 'ls' },
      created_at: '2026-11-22T10:00:00.000Z',
      expires_at: '2026-11-22T10:00:30.000Z',
      timeout_seconds: 30,
      time_remaining: 30,
      session_id: 's-1',
      tool_use_id: 'toolu_1',
      title: 'Claude wants to list',
      description: null,
      decision_reason: null,
      blocked_path: null,
      default_to_no: false,
      once_only: false,
    })
    expect(await outcome(id)).toEqual([])
    expect(desk.respond(id, { allowed: true })).toBe('taken')
    expect(await outcome(id)).toEqual([{ behavior: 'allow' }])
    expect(types()).toEqual(['permission_request', 'permission_resolved'])
    expect(heard[1]).toMatchObject({ request_id: id, allowed: true, reason: 'answered' })
    expect(desk.find(id)).toMatchObject({ status: 'allowed', time_remaining: 0 })
  })

  test('may be allowed with another input, and denied with a word for Claude', async () => {
    const { desk, ask, outcome } = world()
    const changed = ask()
    desk.respond(changed, { allowed: true, updated_input: { command: 'ls -l' } })
    expect(await outcome(changed)).toEqual([
      { behavior: 'allow', updatedInput: { command: 'ls -l' } },
    ])
    const told = ask()
    desk.respond(told, { allowed: false, message: 'use git' })
    expect(await outcome(told)).toEqual([{ behavior: 'deny', message: 'use git' }])
    const plain = ask()
    desk.respond(plain, { allowed: false })
    expect(await outcome(plain)).toEqual([DENIED])
  })

  test.each([
    [{ replace_all: true, edits: [{ a: 1 }, null], deep: { x: [[]] } }],
    [['a', 1]],
    ['text'],
    [0],
    [false],
    [null],
  ])('keeps an input of any type: %j', (input) => {
    const { desk, heard, ask } = world()
    const id = ask({ tool: 'mcp__x__y', input })
    expect(heard[0]).toMatchObject({ input })
    expect(desk.find(id)?.input).toEqual(input)
  })

  test('that nobody answers in time is denied', async () => {
    const { clock, desk, ask, outcome, types } = world()
    const id = ask()
    clock.pass(TIMEOUT_MS - 1)
    expect(desk.find(id)).toMatchObject({ status: 'pending', time_remaining: 0.001 })
    clock.pass(1)
    const message = 'Permission was not answered in 30 s, so it is denied'
    expect(await outcome(id)).toEqual([{ behavior: 'deny', message }])
    expect(types()).toEqual(['permission_request', 'permission_expired'])
    expect(desk.find(id)?.status).toBe('expired')
    expect(desk.respond(id, { allowed: true })).toBe('gone')
  })

  test('is over at the time that was named, also where the timer is late', async () => {
    const { clock, desk, ask, outcome, types } = world()
    const id = ask()
    clock.sleep(TIMEOUT_MS)
    expect(desk.respond(id, { allowed: true })).toBe('gone')
    clock.pass(1)
    expect(await outcome(id)).toMatchObject([{ behavior: 'deny' }])
    expect(types()).toEqual(['permission_request', 'permission_expired'])
  })

  test('of a client that left is denied and no longer waits', async () => {
    const { clock, desk, heard, ask, outcome } = world()
    const abort = new AbortController()
    const id = ask({ signal: abort.signal })
    abort.abort()
    expect(await outcome(id)).toMatchObject([{ behavior: 'deny' }])
    expect(heard[1]).toMatchObject({ type: 'permission_resolved', reason: 'cancelled' })
    expect(desk.find(id)?.status).toBe('denied')
    expect(desk.respond(id, { allowed: true })).toBe('gone')
    clock.pass(TIMEOUT_MS)
    expect(heard).toHaveLength(2)
    const asked = { tool: 'Bash', input: {}, signal: abort.signal }
    expect(await desk.ask(asked)).toMatchObject({ behavior: 'deny' })
    expect(heard).toHaveLength(2)
  })

  test('that rules decide asks nobody', async () => {
    const { desk, heard, ask } = world([
      { tool: 'Bash', match: 'rm *', action: 'deny' },
      { tool: 'Bash', match: 'git push*', action: 'ask' },
      { tool: 'Bash', match: 'git *', action: 'allow' },
    ])
    const bash = (command: string) => desk.ask({ tool: 'Bash', input: { command } })
    expect(await bash('git log')).toEqual({ behavior: 'allow' })
    expect(await bash('rm -rf /')).toMatchObject({ behavior: 'deny' })
    expect(heard).toEqual([])
    ask({ input: { command: 'git push' } })
    expect(heard).toHaveLength(1)
  })
})

describe('listeners', () => {
  test('hear first of what waits, and nothing once they have left', () => {
    const { clock, desk, ask } = world()
    const over = ask()
    desk.respond(over, { allowed: true })
    const [first, second] = [ask(), ask()]
    clock.pass(10_000)
    const late: PermissionEvent[] = []
    const leave = desk.subscribe((event) => late.push(event))
    expect(late.map((event) => event.request_id)).toEqual([first, second])
    expect(late[0]).toMatchObject({ time_remaining: 20, timeout_seconds: 30 })
    leave()
    desk.respond(first, { allowed: false })
    expect(late).toHaveLength(2)
    expect(desk.pending().map((one) => one.request_id)).toEqual([second])
  })
})

describe('shutdown', () => {
  test('denies what waits and what comes, but for what rules decide', async () => {
    const { desk, ask, outcome, types } = world([{ tool: 'Read', action: 'allow' }])
    const ids = [ask(), ask()]
    desk.close()
    for (const id of ids) expect(await outcome(id)).toMatchObject([{ behavior: 'deny' }])
    expect(types().filter((type) => type === 'permission_resolved')).toHaveLength(2)
    expect(await desk.ask({ tool: 'Bash', input: {} })).toMatchObject({ behavior: 'deny' })
    expect(await desk.ask({ tool: 'Read', input: {} })).toEqual({ behavior: 'allow' })
    expect(desk.respond(ids[0] ?? '', { allowed: true })).toBe('gone')
  })
})

describe('what is over', () => {
  test('is kept for five minutes', () => {
    const { clock, desk, ask } = world()
    const id = ask()
    desk.respond(id, { allowed: true })
    clock.pass(299_999)
    expect(desk.respond(id, { allowed: true })).toBe('conflict')
    clock.pass(1)
    expect(desk.find(id)).toBeUndefined()
    expect(desk.respond(id, { allowed: true })).toBe('unknown')
    expect(clock.timers.size).toBe(0)
  })

  test('is bounded in number, the newest kept; so is what waits', async () => {
    const { clock, desk, ask } = world()
    const ids = Array.from({ length: 1000 }, () => ask())
    expect(await desk.ask({ tool: 'Bash', input: {} })).toMatchObject({ behavior: 'deny' })
    for (const id of ids) desk.respond(id, { allowed: true })
    expect(ids.filter((id) => desk.find(id) !== undefined)).toEqual(ids.slice(-200))
    expect(clock.timers.size).toBe(200)
  })
})

/** A small generator of numbers that gives the same for the same seed. */
function randomOf(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

test('whatever happens in whatever order, a request has exactly one outcome and one end', async () => {
  for (let seed = 1; seed <= 200; seed += 1) {
    const random = randomOf(seed)
    const { clock, desk, heard, ask, outcome } = world()
    const aborts = Array.from({ length: 5 }, () => new AbortController())
    const ids = aborts.map(({ signal }) => ask({ signal }))
    const taken = new Map<string, boolean[]>(ids.map((id) => [id, []]))
    for (let step = 0; step < 30; step += 1) {
      const place = random(ids.length)
      const id = ids[place] ?? ''
      const allowed = random(2) === 1
      const answer = () => {
        if (desk.respond(id, { allowed }) === 'taken') taken.get(id)?.push(allowed)
      }
      const acts = [
        answer,
        answer,
        () => clock.pass(random(6000)),
        () => clock.sleep(random(3000)),
        () => random(4) === 0 && aborts[place]?.abort(),
        () => random(20) === 0 && desk.close(),
      ]
      acts[random(acts.length)]?.()
    }
    clock.pass(TIMEOUT_MS)
    for (const id of ids) {
      const outcomes = (await outcome(id)) ?? []
      expect([seed, outcomes.length]).toEqual([seed, 1])
      const ends = heard.filter(
        (event) => event.request_id === id && event.type !== 'permission_request',
      )
      expect([seed, ends.length]).toEqual([seed, 1])
      const answers = taken.get(id) ?? []
      expect(answers.length).toBeLessThanOrEqual(1)
      const allowed = outcomes[0]?.behavior === 'allow'
      expect([seed, allowed]).toEqual([seed, answers[0] === true])
      const [end] = ends
      expect(end?.type === 'permission_resolved' && end.allowed).toBe(allowed)
    }
  }
})
