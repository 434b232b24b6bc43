"""The errors that the services answer, by the names clients catch."""


class ServiceError(Exception):
    """An error as the API answers it: a code, a message, an HTTP status, and further members."""

    code = "InternalFailure"
    status = 400

    def __init__(self, message: str, **members: str | int) -> None:
        super().__init__(message)
        self.message = message
        self.members = members


class ValidationError(ServiceError):
    """The request breaks a rule; also how SageMaker says that a model or an endpoint does not exist."""

    code = "ValidationException"


class InvocationError(ServiceError):
    """What the runtime calls a request that breaks a rule, or an endpoint that is not there."""

    code = "ValidationError"


class SerializationError(ServiceError):
    """The body is no JSON object, or a member has another type."""

    code = "SerializationException"


class UnknownOperationError(ServiceError):
    """The rehearsal does not offer the operation."""

    code = "UnknownOperationException"


class ResourceNotFoundError(ServiceError):
    """No such job."""

    code = "ResourceNotFound"


class ObjectNotFoundError(ServiceError):
    """Application Auto Scaling knows no such thing."""

    code = "ObjectNotFoundException"


class ConflictError(ServiceError):
    """Something else is in the way."""

    code = "ConflictException"


class ResourceInUseError(ServiceError):
    """The name is taken."""

    code = "ResourceInUse"


class ResourceLimitExceededError(ServiceError):
    """A quota is used up."""

    code = "ResourceLimitExceeded"

    @classmethod
    def of(cls, quota: str, unit: str, *, limit: int, used: int, more: int) -> "ResourceLimitExceededError":
        """The service's sentence for any of its quotas."""
        return cls(
            f"The account-level service limit '{quota}' is {limit} {unit}, with current utilization of {used} {unit} "
            f"and a request delta of {more} {unit}. Please use AWS Service Quotas to request an increase for this "
            "quota. If AWS Service Quotas is not available, contact AWS support to request an increase for this quota."
        )


class AccessDeniedError(ServiceError):
    """A policy does not allow the call, or something the call depends on."""

    code = "AccessDeniedException"


class InternalError(ServiceError):
    """The rehearsal itself is at fault."""

    status = 500


class ModelError(ServiceError):
    """The model behind an endpoint refused an input, or failed."""

    code = "ModelError"
    status = 424
