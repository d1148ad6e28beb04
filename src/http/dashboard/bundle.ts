import { readFileSync } from 'node:fs'
import { join } from 'node:path'

// 2026-11: the page is TypeScript that shares the types of /logs, and a browser takes neither TypeScript nor imports
// from packages. `Bun.build` does not exist inside a compiled binary, and a checked-in bundle would go stale. So the
// page is bundled by a macro: it runs while assets.ts is compiled – by `bun build` for the binary, by Bun itself when
// it runs from source – and what it returns stands in assets.ts as text. It bundles in a process of its own, because
// a build inside the build that waits for it would wait for itself. This file is in no binary.

const FOLDER = join(import.meta.dir, 'page')
/** In the order in which they count: what is narrow overrides the rest. */
const STYLES = [
  'uplot/dist/uPlot.min.css',
  ...[
    'base',
    'controls',
    'frame',
    'filters',
    'figures',
    'tables',
    'upstreams',
    'detail',
    'narrow',
  ].map((name) => `./style/${name}.css`),
]

/** The texts of the page. */
export interface PageTexts {
  readonly html: string
  readonly style: string
  readonly script: string
}

/** Reads and bundles the page; to be called as a macro. */
export function pageTexts(): PageTexts {
  const read = (path: string) => readFileSync(Bun.resolveSync(path, FOLDER), 'utf8')
  return {
    html: read('./page.html'),
    style: STYLES.map(read).join('\n'),
    script: bundled(join(FOLDER, 'main.ts')),
  }
}

function bundled(entry: string): string {
  const command = [process.execPath, 'build', '--target=browser', '--format=esm', '--minify', entry]
  const { exitCode, stdout, stderr } = Bun.spawnSync(command, { stderr: 'pipe' })
  if (exitCode !== 0) throw new Error(`Cannot bundle "${entry}":\n${stderr}`)
  return stdout.toString()
}
