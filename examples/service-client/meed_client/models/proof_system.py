from enum import StrEnum


class ProofSystem(StrEnum):
    GROTH16 = "groth16"
    HALO2 = "halo2"

    def __str__(self) -> str:
        return str(self.value)
