import { Database } from 'bun:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CHECKS } from '../../../src/cli/doctor/checks/index.ts'
import { runChecks } from '../../../src/cli/doctor/run-checks.ts'
import { type RunningServer, startServer } from '../../../src/http/server.ts'
import { fakeContext } from '../fake-context.ts'
import { fakeSystemd } from '../service/fake-systemd.ts'
import { CANARY, type Patient, patient } from './patient.ts'

let who: Patient
const servers: { stop(hard: boolean): unknown }[] = []

beforeEach(async () => {
  who = await patient()
})
afterEach(() => {
  who.remove()
  for (const server of servers.splice(0)) server.stop(true)
})

function serve(port: number, fetch: (request: Request) => Response) {
  const server = Bun.serve({ hostname: '127.0.0.1', port, fetch })
  servers.push(server)
  return server
}

const HEALTH = { headers: { 'content-type': 'application/health+json' } }

test('config: what is wrong is told with its place, and that is all that is told', async () => {
  who.write('.config/ccproxy/config.toml', '[server]\nprot = 1\n')
  const complaint = await who.complaint('config')
  expect(complaint).toContain(
    'config.toml:2:1": key "server.prot" is unknown (did you mean "port"?)',
  )
  expect(complaint).toContain('→ correct it')
  expect(await who.look('port')).toEqual([])
  who.config('')
  expect(await who.complaint('config')).toBe('')
  who.env.LOG_LEVEL = 'warn'
  const [found] = await who.look('config')
  expect(found?.text).toBe(
    'Settings are valid: ~/.config/ccproxy/config.toml, and environment LOG_LEVEL',
  )
})

test('config-mode: a file with keys that others may read', async () => {
  who.config(`[security]\nauth_token = "${CANARY}"\n`)
  const path = join(who.home, '.config/ccproxy/config.toml')
  chmodSync(path, 0o644)
  expect(await who.complaint('config-mode')).toBe(
    `warn: ~/.config/ccproxy/config.toml holds keys and others may read it → chmod 600 ${path}`,
  )
  chmodSync(path, 0o600)
  expect(await who.complaint('config-mode')).toBe('')
})

describe('port', () => {
  test("is somebody else's until that ends", async () => {
    const server = serve(who.port, () => new Response('hello'))
    expect(await who.complaint('port')).toMatch(
      new RegExp(
        `^fail: Port ${who.port} is in use by \\S+ \\(pid ${process.pid}\\) → stop it, or choose`,
      ),
    )
    server.stop(true)
    expect(await who.complaint('port')).toBe('')
    expect((await who.look('port'))[0]?.text).toContain('is free')
  })

  test('is ours', async () => {
    serve(who.port, () => Response.json({}, HEALTH))
    expect((await who.look('port'))[0]?.text).toBe(`ccproxy answers at ${who.url}`)
  })

  test('is at an address that is not here', async () => {
    who.env.HOST = '203.0.113.7'
    who.env.AUTH_TOKEN = CANARY
    // Nothing routes there, so the question for a ccproxy may wait in vain.
    expect(await who.complaint('port')).toMatch(/^fail: .*203\.0\.113\.7|^fail: Port \d+ is in use/)
    who.env.HOST = '127.0.0.1'
    expect(await who.complaint('port')).toBe('')
  })
})

test('a demo that answers is told as one, and not judged by these settings', async () => {
  who.config('[providers.anthropic]\nbase_url = "http://127.0.0.1:1"\n')
  const { demo } = await import('../../../src/cli/commands/demo.ts')
  const listening = Promise.withResolvers<RunningServer>()
  const world = fakeContext({
    ...{ home: who.home, cwd: join(who.home, 'project'), env: who.env },
    startServer: async (options) => {
      const server = await startServer(options)
      listening.resolve(server)
      return server
    },
  })
  const input = { flags: {}, switches: new Set(['serve']), positionals: [] }
  const ended = demo.run(world.context, input)
  await listening.promise
  expect(await who.complaint('port')).toBe(
    `warn: A demo answers at ${who.url}: its answers are made up, and no upstream of these settings is asked → end it and start "ccproxy" for real answers`,
  )
  expect(await who.complaint('credential')).toBe('')
  expect(await who.complaint('upstream')).toBe('')
  world.signal('SIGTERM')
  await ended
  expect(await who.complaint('port')).toBe('')
  expect(await who.complaint('credential')).toStartWith('warn: ccproxy has no credential')
  expect(await who.complaint('upstream')).toStartWith('fail: Provider "anthropic" does not answer')
})

test('client-key: the ccproxy that runs asks for another', async () => {
  serve(who.port, ({ url, headers }) => {
    if (url.endsWith('/health/live')) return Response.json({}, HEALTH)
    return new Response('{}', { status: headers.get('x-api-key') === CANARY ? 200 : 401 })
  })
  expect(await who.complaint('client-key')).toBe(
    `fail: The ccproxy at ${who.url} does not take requests without a client key → set security.auth_token (AUTH_TOKEN) here as it has it, or restart it with these settings`,
  )
  who.env.AUTH_TOKEN = CANARY
  expect(await who.complaint('client-key')).toBe('')
})

test.if(process.platform === 'linux')('service: one that failed, and one that runs', async () => {
  const systemd = fakeSystemd(who.home)
  who.env.PATH = `${systemd.path}:/usr/bin:/bin`
  systemd.says('LoadState=loaded\nActiveState=failed\nSubState=failed\nResult=exit-code\n')
  expect(await who.complaint('service')).toBe(
    'fail: The service ccproxy.service does not run: failed (failed, exit-code) → see why with "ccproxy service logs", then run "ccproxy service start"',
  )
  systemd.says('LoadState=loaded\nActiveState=active\nSubState=running\nNRestarts=4\n')
  expect(await who.complaint('service')).toContain('was restarted 4 times after a failure')
  systemd.says('LoadState=loaded\nActiveState=active\nSubState=running\nNRestarts=0\n')
  expect(await who.complaint('service')).toBe('')
  systemd.says('LoadState=not-found\nActiveState=inactive\n')
  expect((await who.look('service'))[0]?.text).toContain('not installed as a service')
})

test('version: another one runs', async () => {
  serve(who.port, () => Response.json({ version: '0.0.9' }, HEALTH))
  expect(await who.complaint('version')).toStartWith(
    'warn: ccproxy 1.2.3 (abc1234), but the one that runs is 0.0.9 → restart it',
  )
  servers[0]?.stop(true)
  serve(who.port, () => Response.json({ version: '1.2.3' }, HEALTH))
  expect(await who.complaint('version')).toBe('')
})

describe('api-key', () => {
  const good = `sk-ant-api03-${CANARY}`
  test.each([
    [`  ${good} x`, 'has a space or a line break in it'],
    [`'${good}'`, 'has quotes around it'],
    ['<your key>', 'has a space or a line break in it'],
    ['your-key-here', 'is a placeholder'],
    [`key-${CANARY}`, 'does not begin with "sk-ant-"'],
    [`sk-ant-oat01-${CANARY}`, 'is the token of a plan login'],
    [`sk-ant-admin01-${CANARY}`, 'is an admin key'],
  ])('%s', async (key, problem) => {
    who.config(`[providers.anthropic]\napi_key = ${JSON.stringify(key)}\n`)
    expect(await who.complaint('api-key')).toStartWith(
      `fail: The API key of provider "anthropic" ${problem}`,
    )
    expect(await who.complaint('api-key')).toEndWith(
      '→ correct it in file ~/.config/ccproxy/config.toml',
    )
    who.config(`[providers.anthropic]\napi_key = "${good}"\n`)
    expect(await who.complaint('api-key')).toBe('')
  })

  test('of Anthropic is not for a gateway', async () => {
    const toml = (key: string) =>
      `[providers.gateway]\nkind = "openai"\nbase_url = "https://g.example/v1"\napi_key = "${key}"\n`
    who.config(toml(good))
    expect(await who.complaint('api-key')).toContain(
      "is one of Anthropic's, and the upstream is not",
    )
    who.config(toml(`sk-${CANARY}`))
    expect(await who.complaint('api-key')).toBe('')
  })
})

describe('plan-login', () => {
  const HOUR = 3_600_000
  const login = (expiresAt: number, terms = true) =>
    who.write(
      '.config/ccproxy/credentials.json',
      JSON.stringify({
        claudeAiOauth: {
          accessToken: `sk-ant-oat01-${CANARY}`,
          refreshToken: `sk-ant-ort01-${CANARY}`,
          expiresAt,
          scopes: ['user:inference'],
        },
        ...(terms ? { termsAcceptedAt: '2026-11-01T00:00:00Z' } : {}),
      }),
    )

  test('has expired, is not accepted, is unusable, is right', async () => {
    login(Date.now() - HOUR)
    expect(await who.complaint('plan-login')).toEndWith('→ ccproxy auth refresh')
    login(Date.now() + 3 * HOUR)
    expect(await who.complaint('plan-login')).toBe('')
    expect((await who.look('plan-login'))[0]?.text).toMatch(
      /^The plan login expires in (2|3) h|min/,
    )
    login(Date.now() + 3 * HOUR, false)
    expect(await who.complaint('plan-login')).toEndWith('→ ccproxy auth accept-terms')
    who.write('.config/ccproxy/credentials.json', `{"x": ${CANARY}`)
    expect(await who.complaint('plan-login')).toEndWith('→ ccproxy auth login')
  })

  test('is readable by others, or refused beyond this machine', async () => {
    const path = login(Date.now() + 3 * HOUR)
    chmodSync(path, 0o640)
    expect(await who.complaint('plan-login')).toEndWith(`→ chmod 600 ${path}`)
    chmodSync(path, 0o600)
    Object.assign(who.env, { HOST: '0.0.0.0', AUTH_TOKEN: CANARY })
    expect(await who.complaint('plan-login')).toEndWith(
      '→ set server.host to 127.0.0.1, or use an API key',
    )
    who.env.HOST = '127.0.0.1'
    expect(await who.complaint('plan-login')).toBe('')
  })
})

test('credential: nothing goes up, or not what is asked for', async () => {
  expect(await who.complaint('credential')).toStartWith(
    'warn: ccproxy has no credential for "anthropic"',
  )
  who.config('[providers.anthropic]\ncredential = "oauth"\n')
  expect(await who.complaint('credential')).toBe(
    'fail: Provider "anthropic" is to use a plan login and there is none → ccproxy auth login',
  )
  who.config('')
  who.env.ANTHROPIC_API_KEY = `sk-ant-api03-${CANARY}`
  expect(await who.complaint('credential')).toBe('')
})

test('proxy: an address that is none', async () => {
  who.env.https_proxy = `me:${CANARY}@proxy.example`
  expect(await who.complaint('proxy')).toBe(
    'fail: https_proxy is no address of an HTTP proxy → write it as http://host:port, or unset https_proxy',
  )
  who.env.https_proxy = `http://me:${CANARY}@proxy.example:3128`
  expect(await who.complaint('proxy')).toBe('')
  expect((await who.look('proxy'))[0]?.text).toContain('(proxy.example:3128)')
})

test('ca: a file that is not there, or holds none', async () => {
  who.env.NODE_EXTRA_CA_CERTS = join(who.home, 'ca.pem')
  expect(await who.complaint('ca')).toStartWith('fail: NODE_EXTRA_CA_CERTS cannot be read: ')
  who.write('ca.pem', 'no certificate')
  expect(await who.complaint('ca')).toEndWith(
    '→ point NODE_EXTRA_CA_CERTS at a PEM file, or unset it',
  )
  who.write('ca.pem', '-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n')
  expect(await who.complaint('ca')).toBe('')
})

test('upstream: not there, then there; clock: wrong, then right', async () => {
  const upstream = serve(
    0,
    () => new Response(null, { status: 404, headers: { date: new Date().toUTCString() } }),
  )
  const toml = (port: number | undefined) =>
    `[providers.anthropic]\nbase_url = "http://127.0.0.1:${port}"\n`
  who.config(toml(1))
  expect(await who.complaint('upstream')).toBe(
    'fail: Provider "anthropic" does not answer at http://127.0.0.1:1: connection refused → correct providers.anthropic.base_url, or see why http://127.0.0.1:1 is not reached',
  )
  who.config(toml(upstream.port))
  expect(await who.complaint('upstream')).toBe('')
  const idle = '[providers.idle]\nkind = "openai"\nbase_url = "http://127.0.0.1:1/v1"\n'
  who.config(`${toml(upstream.port)}${idle}`)
  expect(await who.complaint('upstream')).toStartWith('warn: Provider "idle" does not answer')
  // Whoever uses a gateway alone does not want Anthropic asked.
  who.config(`[routing]\ndefault = "idle"\n${idle}`)
  expect(await who.look('upstream')).toHaveLength(1)
  who.config(toml(upstream.port))
  const wrong = (seconds: number) => ({ now: () => Date.now() + seconds * 1000 })
  expect(await who.complaint('clock', wrong(3600))).toMatch(
    /^fail: This clock is 360[01] s ahead of that of http:\/\/127\.0\.0\.1:\d+ → set it/,
  )
  expect(await who.complaint('clock', wrong(-60))).toMatch(/^warn: This clock is (59|60) s behind/)
  expect(await who.complaint('clock')).toBe('')
})

test('data: a place that is no folder', async () => {
  who.env.XDG_DATA_HOME = join(who.home, 'data')
  who.write('data', '')
  const complaint = await who.complaint('data')
  expect(complaint).toStartWith('fail: Nothing can be kept in ~/data/ccproxy: ')
  expect(complaint).toContain(`→ make ${who.home}/data/ccproxy a folder`)
  who.env.XDG_DATA_HOME = join(who.home, 'elsewhere')
  expect(await who.complaint('data')).toBe('')
})

describe('ledger', () => {
  const at = (place: string) => who.config(`[record]\ndatabase = ${JSON.stringify(place)}\n`)

  test('a file that is none, is no database, is of a newer ccproxy, and is right', async () => {
    const { MIGRATIONS } = await import('../../../src/record/migrations.ts')
    const path = join(who.home, 'kept', 'my.sqlite')
    at(path)
    expect((await who.look('ledger'))[0]).toMatchObject({
      level: 'ok',
      text: 'The ledger ~/kept/my.sqlite can be written',
    })
    expect(existsSync(join(who.home, 'kept'))).toBe(false)
    who.write('kept', 'a file')
    expect(await who.complaint('ledger')).toBe(
      `fail: The ledger ~/kept/my.sqlite cannot be written: "${who.home}/kept" is a file → make ${path} a file of yours that can be written, or name another with record.database`,
    )
    rmSync(join(who.home, 'kept'))
    mkdirSync(path, { recursive: true })
    expect(await who.complaint('ledger')).toContain('cannot be written: it is no file → ')
    rmSync(path, { recursive: true })
    writeFileSync(path, 'This is no database, and long enough to be looked at as one. '.repeat(20))
    expect(await who.complaint('ledger')).toContain('file is not a database')
    rmSync(path)
    const database = new Database(path)
    database.run('CREATE TABLE ledger_version (version BIGINT)')
    database.run('INSERT INTO ledger_version VALUES (99)')
    expect(await who.complaint('ledger')).toContain(
      `it has version 99 and this ccproxy knows ${MIGRATIONS.length} → `,
    )
    database.run(`UPDATE ledger_version SET version = ${MIGRATIONS.length}`)
    database.close()
    expect(await who.complaint('ledger')).toBe('')
    expect(readdirSync(join(who.home, 'kept'))).toEqual(['my.sqlite'])
  })

  test('a server that is not there, and its password nowhere', async () => {
    at(`postgres://me:${CANARY}@127.0.0.1:1/kept`)
    expect(await who.complaint('ledger')).toMatch(
      /^fail: The ledger postgres:\/\/127\.0\.0\.1:1\/kept cannot be written: .+ → see that this server runs/,
    )
  })

  test('in memory, or none', async () => {
    at(':memory:')
    expect((await who.look('ledger'))[0]?.text).toBe('The ledger is kept in memory only')
    who.config('[record]\nledger = false\n')
    expect((await who.look('ledger'))[0]?.text).toBe('No ledger is kept (record.ledger)')
  })
})

test('disk: nearly full', async () => {
  const free = (megabytes: number) => ({ freeBytes: async () => megabytes * 1024 * 1024 })
  expect(await who.complaint('disk', free(10))).toStartWith('fail: Only 10 MB are free')
  expect(await who.complaint('disk', free(500))).toStartWith('warn: Only 500 MB are free')
  expect(await who.complaint('disk', free(5000))).toBe('')
  expect(await who.look('disk')).toHaveLength(1)
})

describe('the doctor', () => {
  test('lists all that it looked at, and ends with 1 where something fails', async () => {
    const run = async (...args: string[]) => {
      const world = fakeContext({ home: who.home, cwd: join(who.home, 'project'), env: who.env })
      return { code: await world.run('doctor', ...args), out: world.stdout() }
    }
    const upstream = serve(0, () => new Response())
    who.config(`[providers.anthropic]\nbase_url = "http://127.0.0.1:${upstream.port}"\n`)
    const well = await run()
    expect(well.code).toBe(0)
    for (const { title } of CHECKS) expect(well.out).toContain(title)
    expect(well.out).toMatch(/\n0 problems, \d warnings?\n$/)
    who.claude({ env: { ANTHROPIC_BASE_URL: 'https://a.example' } })
    const ill = await run('--json')
    expect(ill.code).toBe(1)
    const { ok, checks } = JSON.parse(ill.out)
    expect(ok).toBe(false)
    expect(checks).toContainEqual({
      group: 'Claude Code',
      check: 'base-url',
      level: 'fail',
      text: 'ANTHROPIC_BASE_URL in ~/.claude/settings.json leads to https://a.example, past ccproxy',
      fix: `set it to ${who.url} in ~/.claude/settings.json ("env"), or remove it there`,
    })
  })

  test('waits for no check for ever, and survives one that fails', async () => {
    const checks = [
      { name: 'slow', cheap: false, run: () => new Promise<never>(() => undefined) },
      { name: 'bad', cheap: false, run: () => Promise.reject(new Error('no')) },
    ]
    const world = {} as Parameters<typeof runChecks>[1]
    const reports = await runChecks([{ title: 'x', checks }], world, 50)
    expect(reports.map(({ text }) => text)).toEqual([
      'The check "slow" found no answer within 0.05 seconds',
      'The check "bad" failed: no',
    ])
  })
})
