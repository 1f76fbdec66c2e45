// Since 1.30 onnxruntime's own builds for Linux send usage data to their makers unless this variable is set. Nothing of
// Berth tells anybody anything: it is set before the library is loaded, in every process that loads it.
import { environment } from '../lib/env.ts'

environment().ORT_DISABLE_TELEMETRY = '1'
