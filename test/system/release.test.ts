import { expect, test } from 'bun:test'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { version } from '../../package.json' with { type: 'json' }
import { archiveName, hostTarget } from '../../scripts/release/targets.ts'
import { releaseForHost } from '../support/release.ts'

test('two releases of the same source, in two folders, zones and moments, are the same bytes', async () => {
  const folders = [
    await releaseForHost({ TZ: 'Asia/Tokyo', LC_ALL: 'C' }),
    await releaseForHost({ TZ: 'America/New_York', LC_ALL: 'C.UTF-8' }),
  ]
  const sums = folders.map((folder) => readFileSync(join(folder, 'SHA256SUMS'), 'utf8'))
  expect(sums[0]).toContain(`  ${archiveName(version, hostTarget())}\n`)
  expect(sums[0]).toContain('.cdx.json\n')
  expect(sums[1]).toBe(sums[0]!)
  const other = await releaseForHost({ SOURCE_DATE_EPOCH: '1700000000' })
  expect(readFileSync(join(other, 'SHA256SUMS'), 'utf8')).not.toBe(sums[0]!)
  for (const folder of [...folders, other]) rmSync(folder, { recursive: true })
}, 300_000)
