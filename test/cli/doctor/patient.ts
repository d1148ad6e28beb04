import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { CommandInput } from '../../../src/cli/command.ts'
import { CHECKS } from '../../../src/cli/doctor/checks/index.ts'
import { type DoctorStandIns, doctorWorld } from '../../../src/cli/doctor/doctor-world.ts'
import { type Report, runChecks } from '../../../src/cli/doctor/run-checks.ts'
import { freePort } from '../../support/ccproxy.ts'
import { tempDir } from '../../support/child.ts'
import { fakeContext } from '../fake-context.ts'

/** Stands in what is printed wherever a secret is meant: it must never turn up. */
export const CANARY = 'canary-4711'

/** A user whose machine the doctor looks at. */
export interface Patient {
  readonly home: string
  readonly port: number
  readonly url: string
  /** The shell's variables, to be changed. */
  readonly env: Record<string, string | undefined>
  /** Writes a file below the home. */
  write(path: string, text: string, mode?: number): string
  /** Writes Claude Code's settings of the user. */
  claude(settings: object): void
  /** Writes the config file. */
  config(toml: string): void
  /** What one check finds. */
  look(check: string, standIns?: DoctorStandIns): Promise<Report[]>
  /** What is not well by one check, in words. */
  complaint(check: string, standIns?: DoctorStandIns): Promise<string>
  remove(): void
}

/** Makes a user with nothing but a config file that names a free port. */
export async function patient(): Promise<Patient> {
  const { path: home, remove } = tempDir()
  const port = await freePort()
  const env: Record<string, string | undefined> = { PATH: '/usr/bin:/bin' }
  const write = (name: string, text: string, mode = 0o600) => {
    const path = join(home, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text, { mode })
    return path
  }
  const config = (toml: string) => {
    write('.config/ccproxy/config.toml', `${toml}\n[server]\nport = ${port}\n`)
  }
  config('')
  mkdirSync(join(home, 'project'))
  const look = async (name: string, standIns: DoctorStandIns = {}) => {
    const { context } = fakeContext({ home, cwd: join(home, 'project'), env: { ...env } })
    const input: CommandInput = { flags: {}, switches: new Set(), positionals: [] }
    const managedFolder = join(home, 'managed')
    const world = await doctorWorld(context, input, { managedFolder, ...standIns })
    const groups = CHECKS.map(({ title, checks }) => ({
      title,
      checks: checks.filter((check) => check.name === name),
    }))
    const reports = await runChecks(groups, world)
    if (JSON.stringify(reports).includes(CANARY)) throw new Error('The doctor told a secret')
    return reports
  }
  return {
    ...{ home, port, env, write, config, remove, look },
    url: `http://127.0.0.1:${port}`,
    claude: (settings) => void write('.claude/settings.json', JSON.stringify(settings)),
    async complaint(name, standIns) {
      const reports = await look(name, standIns)
      const bad = reports.filter(({ level }) => level !== 'ok')
      return bad.map(({ level, text, fix }) => `${level}: ${text} → ${fix}`).join('\n')
    },
  }
}
