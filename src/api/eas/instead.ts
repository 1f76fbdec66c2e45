// What to use in place of an operation that is not served.
import type { OperationName } from './operations.ts'

const instead: Partial<Record<OperationName, string>> = {
  CloneService: 'Use DescribeService and CreateService.',
  CreateAppService: 'Use CreateService.',
  UpdateAppService: 'Use UpdateService.',
  CreateGroup:
    'A service group comes with its first service: CreateService with metadata.group. CreateResource makes a resource group.',
  DeleteGroup: 'A service group goes with its last service: DeleteService.',
  CreateServiceInstanceToken: 'Use POST /v1/services/{service}/access-keys/rotate for the key of a service.',
  DescribeServiceDiagnosis: 'Use DescribeService: its Message says what the service waits for or why it failed.',
  DescribeServiceInstanceDiagnosis: 'Use ListServiceInstances: Reason says what an instance waits for.',
  ListServiceContainers: 'Use ListServiceInstances: an instance is one process.',
  MigrateResourceInstance: 'Buy machines into the other group, drain these, and delete them.',
  UpdateServiceLabel: 'Use UpdateService with `labels` in the service JSON.',
  DeleteServiceLabel: 'Use UpdateService with `labels` in the service JSON.',
  UpdateServiceVersion: 'Use POST /v1/services/{service}/versions/{version}/use.',
}

export const insteadOf = (name: OperationName): string => instead[name] ?? ''
