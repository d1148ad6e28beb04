import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { createLedger } from '../../src/record/ledger.ts'
import type { Ledger } from '../../src/record/ledger-shape.ts'
import { SqliteStore } from '../../src/record/store/sqlite.ts'
import { cleanEnv, eachLine, ROOT, type TempDir, tempDir } from '../support/child.ts'
import { isJson, type Json } from '../support/fake-reply.ts'
import { settled } from '../support/ledger-rows.ts'
import { memoryLog } from '../support/memory-log.ts'
import { until } from '../support/wait.ts'

let folder: TempDir
let path: string
const ends: (() => unknown)[] = []

beforeEach(() => {
  folder = tempDir()
  path = join(folder.path, 'data', 'ledger.sqlite')
})
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
  folder.remove()
})

function ledgerHere(database = path): { ledger: Ledger; logger: ReturnType<typeof memoryLog> } {
  const logger = memoryLog()
  const ledger = createLedger({
    ...{ database, instance: 'test', retentionDays: 30, retentionMegabytes: 0, bodies: 'off' },
    ...{ bodyLength: 1000, logger },
  })
  ends.push(() => ledger.close(0))
  return { ledger, logger }
}

/** A ledger's process and what it said. */
function ledgerProcess(instance: string, wrap: readonly string[] = []) {
  const script = join(ROOT, 'test', 'support', 'ledger-process.ts')
  const child = Bun.spawn([...wrap, process.execPath, script, path, instance], {
    cwd: folder.path,
    env: cleanEnv(folder.path, {}),
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const lines: Json[] = []
  void eachLine(child.stdout, (line) => {
    const value: unknown = JSON.parse(line)
    if (isJson(value)) lines.push(value)
  })
  ends.push(async () => {
    child.kill('SIGKILL')
    await child.exited
  })
  return {
    child,
    said: (message: string) => lines.filter(({ msg }) => msg === message),
    tell(command: string) {
      child.stdin.write(`${command}\n`)
      child.stdin.flush()
    },
    /** The newest status, asked for now. */
    async status(): Promise<Json> {
      const before = lines.filter((line) => 'status' in line).length
      this.tell('status')
      await until(
        'a status',
        () => lines.filter((line) => 'status' in line).length > before,
        10_000,
      )
      const { status } = lines.findLast((line) => 'status' in line) ?? {}
      return isJson(status) ? status : {}
    },
  }
}

async function rowsIn(file = path): Promise<number> {
  const store = new SqliteStore({ path: file, instance: 'look', said: () => undefined })
  const { rows } = await store.size()
  const [check] = await store.all('PRAGMA integrity_check', [])
  expect(check?.integrity_check).toBe('ok')
  const [sum] = await store.all('SELECT sum(requests) AS n FROM hourly WHERE level = 1', [])
  expect(Number(sum?.n)).toBe(rows)
  await store.close()
  return rows
}

describe('the file', () => {
  test('nothing is made before the first row, and then only the user can read it', async () => {
    const { ledger } = ledgerHere()
    await Bun.sleep(20)
    expect(existsSync(join(folder.path, 'data'))).toBe(false)
    ledger.observer.settled(settled())
    await ledger.close()
    expect(statSync(join(folder.path, 'data')).mode & 0o777).toBe(0o700)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(await rowsIn()).toBe(1)
  })

  test('one with a second name is not written, where all can write', async () => {
    mkdirSync(join(folder.path, 'data'))
    chmodSync(join(folder.path, 'data'), 0o1777)
    const other = join(folder.path, 'other')
    writeFileSync(other, '')
    linkSync(other, path)
    const { ledger, logger } = ledgerHere()
    ledger.observer.settled(settled())
    await until('the trouble', () => logger.lines.length > 0)
    expect((await ledger.status()).problem).toBe(
      `"${path}" has a second name elsewhere: name another file`,
    )
    expect(readFileSync(other, 'utf8')).toBe('')
    chmodSync(join(folder.path, 'data'), 0o700)
    await until('the row', async () => (await ledger.status()).written === 1, 10_000)
  })

  test.skipIf(process.getuid?.() !== 0)('nor is one of another user’s', async () => {
    mkdirSync(join(folder.path, 'data'))
    chmodSync(join(folder.path, 'data'), 0o1777)
    writeFileSync(path, '')
    chownSync(path, 65534, 65534)
    const { ledger, logger } = ledgerHere()
    ledger.observer.settled(settled())
    await until('the trouble', () => logger.lines.length > 0)
    expect((await ledger.status()).problem).toContain('belongs to another user')
    expect(readFileSync(path, 'utf8')).toBe('')
  })

  test('its journal is the user’s too', async () => {
    const { ledger } = ledgerHere()
    ledger.observer.settled(settled())
    await until('the row', async () => (await ledger.status()).written === 1)
    for (const name of readdirSync(join(folder.path, 'data'))) {
      expect(statSync(join(folder.path, 'data', name)).mode & 0o077).toBe(0)
    }
  })

  test('one that is removed under us is begun anew', async () => {
    const { ledger, logger } = ledgerHere()
    ledger.observer.settled(settled({ id: 'old' }))
    await until('the first row', async () => (await ledger.status()).written === 1)
    rmSync(join(folder.path, 'data'), { recursive: true })
    await Bun.sleep(1100)
    ledger.observer.settled(settled({ id: 'new' }))
    await until('the second row', async () => (await ledger.status()).written === 2)
    expect((await ledger.query({})).rows.map(({ id }) => id)).toEqual(['new'])
    expect(logger.lines.map(({ message }) => message)).toEqual([
      `Ledger "${path}" was removed: a new one is begun`,
    ])
  })

  test('one that is no database is kept under another name, and a new one begun', async () => {
    mkdirSync(join(folder.path, 'data'))
    writeFileSync(
      path,
      'this is no database, and longer than the header of one would be'.repeat(20),
    )
    const { ledger, logger } = ledgerHere()
    ledger.observer.settled(settled())
    await until('the row', async () => (await ledger.status()).written === 1)
    const names = readdirSync(join(folder.path, 'data'))
    expect(names.filter((name) => name.includes('.broken-'))).toHaveLength(1)
    expect(logger.lines[0]?.message).toContain('is broken (file is not a database): kept as')
  })

  test('one that cannot be made is told of once, and written when it can be', async () => {
    writeFileSync(join(folder.path, 'data'), 'a file where the folder should be')
    const { ledger, logger } = ledgerHere()
    ledger.observer.settled(settled())
    await until('the trouble', () => logger.lines.length > 0)
    expect((await ledger.status()).state).toBe('failing')
    ledger.observer.settled(settled())
    await expect(ledger.query({})).rejects.toThrow('Ledger cannot be read')
    rmSync(join(folder.path, 'data'))
    await until('the rows', async () => (await ledger.status()).written === 2, 10_000)
    expect(logger.lines.map(({ message }) => message)).toEqual([
      'ledger cannot be written: requests go on and rows wait',
      'ledger is written again',
    ])
    expect(await ledger.status()).toMatchObject({ state: 'ok', rows: 2, lost: 0, waiting: 0 })
  })
})

describe('several processes', () => {
  test('two write one file, and nothing is lost', async () => {
    const one = ledgerProcess('one')
    const two = ledgerProcess('two')
    for (let round = 0; round < 10; round++) {
      one.tell('append 150')
      two.tell('append 150')
      await Bun.sleep(30)
    }
    one.tell('close')
    two.tell('close')
    expect(await one.child.exited).toBe(0)
    expect(await two.child.exited).toBe(0)
    expect(await rowsIn()).toBe(3000)
  }, 20_000)

  test('one that another holds locked is written when it is free, without a wait in between', async () => {
    const { ledger, logger } = ledgerHere()
    ledger.observer.settled(settled())
    await until('the first row', async () => (await ledger.status()).written === 1)
    const script = `import { Database } from 'bun:sqlite'
      const database = new Database(${JSON.stringify(path)})
      database.run('BEGIN IMMEDIATE')
      console.log('locked')
      await new Response(Bun.stdin.stream()).text()
      database.run('COMMIT')`
    const other = Bun.spawn([process.execPath, '-e', script], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    ends.push(() => other.kill())
    await other.stdout.getReader().read()
    ledger.observer.settled(settled())
    const began = performance.now()
    let longest = 0
    for (let last = began; last < began + 800; ) {
      await Bun.sleep(1)
      longest = Math.max(longest, performance.now() - last)
      last = performance.now()
    }
    expect(longest).toBeLessThan(400)
    expect(await ledger.status()).toMatchObject({ waiting: 1, written: 1 })
    other.stdin.end()
    await until('the second row', async () => (await ledger.status()).written === 2, 10_000)
    expect(logger.lines).toEqual([])
  }, 20_000)

  test('one that is killed while it writes leaves a file that can be read', async () => {
    const writer = ledgerProcess('killed')
    writer.tell('append 9000')
    await until('some rows', async () => existsSync(path) && statSync(path).size > 0, 10_000)
    await until('a batch', async () => (await rowsSafely()) > 0, 10_000)
    writer.child.kill('SIGKILL')
    await writer.child.exited
    const rows = await rowsIn()
    expect(rows).toBeGreaterThan(0)
    expect(rows % 2000).toBe(0)
    const next = ledgerProcess('next')
    next.tell('append 10')
    next.tell('close')
    expect(await next.child.exited).toBe(0)
    expect(await rowsIn()).toBe(rows + 10)
  }, 20_000)
})

/** Rows as far as they can be counted just now. */
async function rowsSafely(): Promise<number> {
  const store = new SqliteStore({ path, instance: 'look', said: () => undefined })
  try {
    return (await store.size()).rows
  } catch {
    // Another process makes the tables at this moment.
    return 0
  } finally {
    await store.close()
  }
}

const limits = Bun.which('prlimit') !== null && process.platform === 'linux'

test.skipIf(!limits)(
  'a full disk costs no request: rows wait, and are written when there is room',
  async () => {
    // A limit on the size of files is as good as a full disk, and needs no rights; ignored, its signal is an error.
    const full = `trap '' XFSZ; ulimit -S -f 300; exec "$@"`
    const writer = ledgerProcess('full', ['bash', '-c', full, 'bash'])
    writer.tell('append 100')
    await until('rows', async () => (await writer.status()).written === 100, 15_000)
    writer.tell('append 3900')
    await until('the trouble', async () => (await writer.status()).state === 'failing', 15_000)
    const failing = await writer.status()
    expect(Number(failing.written)).toBeGreaterThan(0)
    expect(Number(failing.written) + Number(failing.waiting)).toBe(4000)
    writer.tell('append 7000')
    await until(
      'the loss',
      async () =>
        Number((await writer.status()).lost) === 1000 - Number((await writer.status()).written),
      15_000,
    ).catch(() => undefined)
    const lost = Number((await writer.status()).lost)
    expect(lost).toBe(11_000 - 10_000 - Number(failing.written))
    Bun.spawnSync(['prlimit', `--pid=${writer.child.pid}`, '--fsize=unlimited'])
    await until('the rows', async () => (await writer.status()).state === 'ok', 40_000)
    await until('all of them', async () => Number((await writer.status()).waiting) === 0, 20_000)
    expect(writer.said('ledger cannot be written: requests go on and rows wait')).toHaveLength(1)
    expect(writer.said('ledger is written again')).toHaveLength(1)
    expect(writer.said('ledger is written again')[0]?.lost).toBe(lost)
    writer.tell('close')
    expect(await writer.child.exited).toBe(0)
    expect(await rowsIn()).toBe(11_000 - lost)
  },
  60_000,
)
