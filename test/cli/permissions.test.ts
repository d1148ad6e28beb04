import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { ccproxyCommand, freePort, runCcproxy } from '../support/ccproxy.ts'
import { cleanEnv, eachLine, tempDir } from '../support/child.ts'
import { answer } from '../support/permission-client.ts'
import { type PermissionServer, startPermissionServer } from '../support/permission-server.ts'
import { runInTerminal, type TerminalRun } from '../support/terminal.ts'
import { until, within } from '../support/wait.ts'

const KEY = 'a-client-key-that-is-long-enough-0001'

let server: PermissionServer
let runs: TerminalRun[]
beforeEach(() => {
  server = startPermissionServer()
  runs = []
})
afterEach(async () => {
  for (const run of runs) await run.stop()
  await server.stop()
})

async function sit(at: PermissionServer = server, ...args: string[]): Promise<TerminalRun> {
  const run = runInTerminal(['permissions', '--url', at.url, ...args])
  runs.push(run)
  await run.sees('Waiting for requests')
  return run
}

function bash(command: string, at: PermissionServer = server) {
  return at.desk.ask({ tool: 'Bash', input: { command } })
}

describe('a person at the desk', () => {
  test('says yes, then no, and sees what is asked with its time', async () => {
    const desk = await sit()
    expect(desk.raw()).toBe(true)
    const first = server.desk.ask({
      tool: 'Bash',
      input: { command: 'git status', timeout: 5, flags: ['a'] },
      title: 'Claude wants to look at the tree',
      session: 'session-0001',
    })
    await desk.sees('\nBash: Claude wants to look at the tree')
    await desk.sees('Session session-0001')
    await desk.sees('│ $ git status')
    await desk.sees('│ timeout: 5')
    await desk.sees(/Allow Bash\? {2}y yes {2}n no {2}a always {2}v all {2}(30|29) s/)
    await desk.types('y')
    await desk.sees('Allowed Bash')
    expect(await first).toEqual({ behavior: 'allow' })
    const second = bash('rm -rf build')
    await desk.sees('$ rm -rf build')
    await desk.types('n')
    await desk.sees('Denied Bash')
    expect(await second).toMatchObject({ behavior: 'deny' })
    await desk.sees('Waiting for requests')
    await desk.types('\x03')
    expect(await within(3000, 'its exit', desk.exited)).toBe(0)
    expect(desk.raw()).toBe(false)
  })

  test('has several requests in a row, the oldest first', async () => {
    const desk = await sit()
    const outcomes = [bash('one'), bash('two'), bash('three')]
    await desk.sees('$ one')
    await desk.sees('2 more')
    await desk.types('y')
    await desk.sees('$ two')
    await desk.sees('1 more')
    await desk.types('n')
    await desk.sees('$ three')
    await desk.types('y')
    expect((await Promise.all(outcomes)).map(({ behavior }) => behavior)).toEqual([
      'allow',
      'deny',
      'allow',
    ])
  })

  test('is told that another desk was first', async () => {
    const desk = await sit()
    const outcome = bash('ls')
    await desk.sees('$ ls')
    const id = server.desk.pending()[0]?.request_id ?? ''
    expect((await answer(server.url, id, { allowed: true })).status).toBe(200)
    await desk.sees('Allowed by another desk: Bash')
    await desk.sees('Waiting for requests')
    expect(await outcome).toEqual({ behavior: 'allow' })
  })

  test('is told that it was too slow, and that the request was withdrawn', async () => {
    const hasty = startPermissionServer({ timeoutMs: 1200 })
    const desk = await sit(hasty)
    const expired = bash('ls', hasty)
    await desk.sees(/Allow Bash\?.* 2 s/)
    await desk.sees(/Allow Bash\?.* 1 s/)
    await desk.sees('Not answered in time, so denied: Bash')
    expect(await expired).toMatchObject({ behavior: 'deny' })
    const abort = new AbortController()
    const left = hasty.desk.ask({ tool: 'Read', input: {}, signal: abort.signal })
    await desk.sees('Allow Read?')
    abort.abort()
    await desk.sees('Withdrawn: Read')
    expect(await left).toMatchObject({ behavior: 'deny' })
    await hasty.stop()
  })

  test('may allow a tool from now on, but no other', async () => {
    const desk = await sit()
    const outcomes = [bash('one'), bash('two')]
    await desk.sees('$ one')
    await desk.types('a')
    await desk.sees('Bash is allowed from now on')
    expect(await Promise.all(outcomes)).toEqual([{ behavior: 'allow' }, { behavior: 'allow' }])
    expect(await bash('three')).toEqual({ behavior: 'allow' })
    const once = server.desk.ask({ tool: 'Bash', input: { command: 'four' }, onceOnly: true })
    await desk.sees('$ four')
    await desk.types('a')
    await desk.types('n')
    expect(await once).toMatchObject({ behavior: 'deny' })
  })

  test('must say yes twice where one stray key must not do', async () => {
    const desk = await sit()
    const outcome = server.desk.ask({ tool: 'Bash', input: { command: 'x' }, defaultToNo: true })
    await desk.sees('$ x')
    await desk.types('y')
    await desk.sees('Press y once more')
    expect(server.desk.pending()).toHaveLength(1)
    await desk.types('y')
    expect(await outcome).toEqual({ behavior: 'allow' })
  })

  test('answers nothing by keys that came too soon, were pasted, or steer', async () => {
    const desk = await sit()
    await desk.types('y')
    const outcome = bash('ls')
    await desk.sees('$ ls')
    await desk.types('y', 0)
    for (const keys of ['yes', '\x1b[A', 'x', ' ']) await desk.types(keys)
    expect(server.desk.pending()).toHaveLength(1)
    await desk.types('n')
    expect(await outcome).toMatchObject({ behavior: 'deny' })
  })

  test('sees what an input would hide, and all of a long one on demand', async () => {
    const desk = await sit()
    const lines = Array.from({ length: 100 }, (_, index) => `line ${index}`)
    void server.desk.ask({
      tool: 'Write',
      input: { file_path: '/a\x1b[2J\r\u202eb', content: [...lines, 'the end'].join('\n') },
    })
    await desk.sees('│ file_path: /a\\u{1b}[2J\\u{d}\\u{202e}b')
    await desk.sees('│ + line 0')
    await desk.sees('lines are not shown: press v')
    await desk.sees('│ + the end')
    expect(desk.screen()).not.toContain('line 50')
    expect(desk.screen()).not.toContain('\x1b[2J')
    await desk.types('v')
    await desk.sees('line 50')
    await desk.sees('│ + the end')
    await desk.types('n')
    void server.desk.ask({
      tool: 'Edit',
      input: { file_path: '/a', old_string: 'x = 1', new_string: 'x = 2', replace_all: true },
    })
    await desk.sees('│ replace_all: true')
    await desk.sees('│ - x = 1')
    await desk.sees('│ + x = 2')
  })
})

describe('the line to the proxy', () => {
  test('comes back with it, and tells again what waits', async () => {
    const { port } = server
    const desk = await sit()
    void bash('lost')
    await desk.sees('$ lost')
    await server.stop()
    await desk.sees('Connection lost')
    await desk.sees('Waiting for ccproxy to come back')
    server = startPermissionServer({ port })
    const outcome = bash('again')
    await desk.sees('Connected to')
    await desk.sees('$ again')
    await desk.types('y')
    expect(await outcome).toEqual({ behavior: 'allow' })
  })

  test('needs the right key', async () => {
    const locked = startPermissionServer({ key: KEY })
    const args = ['permissions', '--url', locked.url]
    const wrong = runInTerminal([...args, '--auth-token', `${KEY}x`])
    runs.push(wrong)
    await wrong.sees('does not take the client key: set security.auth_token')
    expect(await wrong.exited).toBe(1)
    expect(wrong.screen()).not.toContain(KEY)
    const right = runInTerminal(args, { AUTH_TOKEN: KEY })
    runs.push(right)
    await right.sees('Waiting for requests')
    await locked.stop()
  })

  test('does not go by way of HTTP_PROXY', async () => {
    const proxy = `http://127.0.0.1:${await freePort()}`
    const desk = runInTerminal(['permissions', '--port', String(server.port)], {
      HTTP_PROXY: proxy,
      http_proxy: proxy,
    })
    runs.push(desk)
    await desk.sees(`Connected to ${server.url}`)
    desk.signal('SIGTERM')
    expect(await within(3000, 'its exit', desk.exited)).toBe(0)
  })

  test('is refused with what to do where nothing is, or something else', async () => {
    const port = String(await freePort())
    const nobody = runInTerminal(['permissions', '--port', port])
    runs.push(nobody)
    await nobody.sees(`No ccproxy answers at http://127.0.0.1:${port}: start it with "ccproxy"`)
    expect(await nobody.exited).toBe(1)
    const other = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: () => new Response('hello') })
    const wrong = await runCcproxy(['permissions', '--json', '--url', `${other.url}`])
    await other.stop(true)
    expect(wrong.code).toBe(1)
    expect(wrong.stderr).toContain('No ccproxy with /permissions')
  })
})

describe('without a terminal', () => {
  test('says how to go on', async () => {
    const { code, stderr } = await runCcproxy(['permissions', '--url', server.url])
    expect(code).toBe(2)
    expect(stderr).toContain('add "--json"')
    const url = await runCcproxy(['permissions', '--json', '--url', 'nowhere'])
    expect(url.code).toBe(2)
    expect(url.stderr).toContain('needs an http URL')
  })

  test('--json prints what happens as lines and takes answers as lines', async () => {
    const home = tempDir()
    const child = Bun.spawn(ccproxyCommand(['permissions', '--json', '--url', server.url]), {
      cwd: home.path,
      env: cleanEnv(home.path, {}),
      stdin: 'pipe',
      stdout: 'pipe',
      stderr: 'inherit',
    })
    const lines: unknown[] = []
    void eachLine(child.stdout, (line) => lines.push(JSON.parse(line)))
    const says = async (expected: object) => {
      const found = () => lines.some((line) => Bun.deepMatch(expected, line))
      await until(JSON.stringify(expected), found)
    }
    await says({ type: 'connected' })
    const outcome = bash('ls')
    const id = server.desk.pending()[0]?.request_id ?? ''
    await says({ type: 'permission_request', request_id: id, input: { command: 'ls' } })
    child.stdin.write('yes\n')
    await says({ type: 'error' })
    child.stdin.write(`${JSON.stringify({ request_id: id, allowed: false, message: 'later' })}\n`)
    await says({ type: 'answered', request_id: id, result: 'taken' })
    await says({ type: 'permission_resolved', request_id: id, allowed: false })
    expect(await outcome).toEqual({ behavior: 'deny', message: 'later' })
    child.stdin.write(`${JSON.stringify({ request_id: id, allowed: true })}\n`)
    await says({ type: 'answered', request_id: id, result: 'late' })
    child.kill('SIGINT')
    expect(await within(3000, 'its exit', child.exited)).toBe(0)
    home.remove()
  })
})
