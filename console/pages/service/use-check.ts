// Asks the server, a moment after the last key, whether this JSON could be deployed: it is the one that knows the rules.
import { useEffect, useState } from 'react'
import type { Refused } from '../../api.ts'
import { useApi } from '../../queries.ts'
import { parseJson } from './service-json.ts'

const quietMs = 400

export interface Check {
  state: 'badJson' | 'checking' | 'refused' | 'fine'
  refused: Refused | null
  warnings: string[]
}

export function useCheck(text: string): Check {
  const [settled, setSettled] = useState(text)
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), quietMs)
    return () => clearTimeout(timer)
  }, [text])
  const config = parseJson(settled)
  const check = useApi('POST /v1/services/check', { body: { config: config ?? {} } }, { enabled: config !== null })
  if (parseJson(text) === null) return { state: 'badJson', refused: null, warnings: [] }
  if (check.isPlaceholderData || check.isPending || settled !== text) {
    return { state: 'checking', refused: null, warnings: [] }
  }
  if (check.error) return { state: 'refused', refused: check.error, warnings: [] }
  return { state: 'fine', refused: null, warnings: check.data.warnings }
}
