import { KindGuard } from '@sinclair/typebox'
import { wordsOf } from '../config/coerce.ts'
import { leaves } from '../config/tree.ts'
import type { Flag } from './command.ts'

/** The flags that the settings tree gives, and the one that names the file. */
export const SETTING_FLAGS: readonly Flag[] = [
  { name: 'config', short: 'c', value: 'FILE', description: 'Config file to read' },
  ...leaves([]).flatMap(({ meta, schema }) => {
    if (meta.flag === undefined) return []
    const words = wordsOf(schema)
    const number = KindGuard.IsInteger(schema) || KindGuard.IsNumber(schema)
    const value = words.length > 0 ? words.join('|') : number ? 'NUMBER' : 'TEXT'
    return [
      {
        name: meta.flag,
        ...(meta.short === undefined ? {} : { short: meta.short }),
        value,
        description: meta.description,
      },
    ]
  }),
]

/** The flag that names the config file, for commands that only look into it. */
export const CONFIG_FLAGS: readonly Flag[] = SETTING_FLAGS.filter((flag) => flag.name === 'config')

/** The switch for machine-readable output. */
export const JSON_FLAG: Flag = { name: 'json', description: 'Print JSON' }

/** Which prefix of ccproxy's URLs a client is pointed at. */
export const MODE_FLAG: Flag = {
  name: 'mode',
  value: 'full|api|min|pt|sdk',
  description: 'Mode in which ccproxy serves it; full without one',
}
