//! The host: an engine with a chain's restrictions, one fresh instance a call.

use core::fmt;

use wasmi::{
    errors::ErrorKind, CompilationMode, Config, Engine, Linker, Module, OperatorCost, Store,
    StoreLimits, StoreLimitsBuilder, TrapCode, TypedFunc,
};

/// Bytes in a page of WebAssembly memory.
pub const PAGE: usize = 65_536;

/// What a unit of fuel is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meter {
    /// One for each WebAssembly operator that is run: NEAR's way.
    Operators,
    /// The same, but 14 for each operator that branches: CosmWasm's way, whose gas is 115 times this.
    CosmWasm,
}

impl Meter {
    fn cost(self) -> OperatorCost {
        // What branches, as `is_accounting` of cosmwasm-vm 3.0 lists it.
        let branch = match self {
            Self::Operators => 1,
            Self::CosmWasm => 14,
        };
        // The default is 1, but 0 for those that wasmi translates to nothing.
        OperatorCost {
            nop: 1,
            block: 1,
            drop: 1,
            unreachable: 1,
            loop_: branch,
            end: branch,
            if_: branch,
            else_: branch,
            br: branch,
            br_table: branch,
            br_if: branch,
            call: branch,
            call_indirect: branch,
            return_: branch,
            ..OperatorCost::default()
        }
    }
}

/// What one call may use.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Units of the [`Meter`].
    pub fuel: u64,
    /// Pages of memory.
    pub pages: usize,
}

impl Limits {
    /// CosmWasm's default memory (512 pages), and more fuel than any message of 10,000 words needs.
    pub const DEFAULT: Self = Self { fuel: 4_000_000_000, pages: 512 };
}

/// A function that the module exports for a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Export {
    /// `key (704)`.
    CheckKey,
    /// `key (704) | inputs (96) | proof (256)`.
    Verify,
    /// `key (704) | proof (256) | chain id (32) | contract (32) | h (32) | words (32 each)`.
    VerifyWords,
}

impl Export {
    /// The name in the module.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::CheckKey => "meed_check_key",
            Self::Verify => "meed_verify",
            Self::VerifyWords => "meed_verify_words",
        }
    }
}

/// What a call returned, and what it took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// One of [`crate::code`]'s.
    pub code: u32,
    /// Units of the [`Meter`], with the allocation of the message.
    pub fuel: u64,
    /// Pages of memory at the end.
    pub pages: u64,
}

/// Why there is no verdict.
#[derive(Debug)]
pub enum Failure {
    /// The module cannot be loaded under the chain's restrictions.
    Module(wasmi::Error),
    /// The module has not this export, or with another type.
    Export(&'static str, wasmi::Error),
    /// The module has no memory for the message.
    NoMemory {
        /// Bytes of the message.
        wanted: usize,
    },
    /// The fuel ran out.
    OutOfFuel,
    /// The module stopped by a trap.
    Trap(wasmi::Error),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Module(error) => write!(f, "the module cannot be loaded: {error}"),
            Self::Export(name, error) => write!(f, "export {name}: {error}"),
            Self::NoMemory { wanted } => write!(f, "no memory for a message of {wanted} bytes"),
            Self::OutOfFuel => f.write_str("the fuel ran out"),
            Self::Trap(error) => write!(f, "the module trapped: {error}"),
        }
    }
}

impl std::error::Error for Failure {}

fn failed(error: wasmi::Error) -> Failure {
    match error.kind() {
        ErrorKind::TrapCode(TrapCode::OutOfFuel) => Failure::OutOfFuel,
        _ => Failure::Trap(error),
    }
}

/// An engine with the module.
pub struct Chain {
    module: Module,
}

impl Chain {
    /// Loads the module under what the strictest of the chains allow: WebAssembly 1.0, no floats, no
    /// imports, no code that runs by itself.
    ///
    /// # Errors
    /// [`Failure::Module`] also when the module needs anything beyond that.
    pub fn new(wasm: &[u8], meter: Meter) -> Result<Self, Failure> {
        let mut config = Config::default();
        config
            .floats(false)
            .wasm_mutable_global(false)
            .wasm_sign_extension(false)
            .wasm_saturating_float_to_int(false)
            .wasm_multi_value(false)
            .wasm_multi_memory(false)
            .wasm_bulk_memory(false)
            .wasm_reference_types(false)
            .wasm_tail_call(false)
            .wasm_extended_const(false)
            .wasm_custom_page_sizes(false)
            .wasm_wide_arithmetic(false)
            .allow_start_fn(false)
            // Translating lazily would cost fuel at the first use.
            .compilation_mode(CompilationMode::Eager)
            .consume_fuel(true)
            .operator_cost(meter.cost());
        let engine = Engine::new(&config);
        let module = Module::new(&engine, wasm).map_err(Failure::Module)?;
        Ok(Self { module })
    }

    /// The module.
    #[must_use]
    pub fn module(&self) -> &Module {
        &self.module
    }

    /// Calls `export` with a message, in a fresh instance. `development` lets keys of the local set-up
    /// pass.
    ///
    /// # Errors
    /// [`Failure`]; a message that is refused is no failure, it has a code.
    pub fn call(
        &self,
        export: Export,
        message: &[u8],
        development: bool,
        limits: Limits,
    ) -> Result<Verdict, Failure> {
        let mut instance = self.instance(limits)?;
        let len = u32::try_from(message.len())
            .map_err(|_| Failure::NoMemory { wanted: message.len() })?;
        let at = instance.alloc(len)?;
        if at == 0 && len > 0 {
            return Err(Failure::NoMemory { wanted: message.len() });
        }
        instance.write(at, message)?;
        let code = instance.check(export, at, len, development)?;
        Ok(Verdict { code, fuel: instance.used()?, pages: instance.pages() })
    }

    /// A fresh instance.
    ///
    /// # Errors
    /// [`Failure::Module`] when its memory is above the limit from the start.
    pub fn instance(&self, limits: Limits) -> Result<Instance, Failure> {
        let store_limits = StoreLimitsBuilder::new()
            .memory_size(limits.pages * PAGE)
            .memories(1)
            .tables(1)
            .instances(1)
            .build();
        let mut store = Store::new(self.module.engine(), store_limits);
        store.limiter(|limits| limits);
        store.set_fuel(limits.fuel).map_err(failed)?;
        let linker = Linker::new(self.module.engine());
        let instance =
            linker.instantiate_and_start(&mut store, &self.module).map_err(Failure::Module)?;
        Ok(Instance { store, instance, fuel: limits.fuel })
    }
}

/// The module with its memory.
pub struct Instance {
    store: Store<StoreLimits>,
    instance: wasmi::Instance,
    fuel: u64,
}

impl Instance {
    fn function<P: wasmi::WasmParams>(
        &self,
        name: &'static str,
    ) -> Result<TypedFunc<P, u32>, Failure> {
        let function = self.instance.get_typed_func(&self.store, name);
        function.map_err(|error| Failure::Export(name, error))
    }

    fn memory(&self) -> wasmi::Memory {
        let memory = self.instance.get_memory(&self.store, "memory");
        memory.expect("Rust exports the memory of each module under this name")
    }

    /// Asks the module for memory; 0 when it has none.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn alloc(&mut self, len: u32) -> Result<u32, Failure> {
        let alloc = self.function::<u32>("meed_alloc")?;
        alloc.call(&mut self.store, len).map_err(failed)
    }

    /// Writes into the module's memory.
    ///
    /// # Errors
    /// [`Failure::NoMemory`] when it is not all within.
    pub fn write(&mut self, at: u32, bytes: &[u8]) -> Result<(), Failure> {
        let refused = |_| Failure::NoMemory { wanted: bytes.len() };
        self.memory().write(&mut self.store, at as usize, bytes).map_err(refused)
    }

    /// Calls a check on the `len` bytes at `at`.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn check(
        &mut self,
        export: Export,
        at: u32,
        len: u32,
        development: bool,
    ) -> Result<u32, Failure> {
        let check = self.function::<(u32, u32, u32)>(export.name())?;
        check.call(&mut self.store, (at, len, u32::from(development))).map_err(failed)
    }

    /// Pages of memory.
    #[must_use]
    pub fn pages(&self) -> u64 {
        self.memory().size(&self.store)
    }

    /// Fuel used since the instance was made.
    ///
    /// # Errors
    /// [`Failure`] never, as fuel is metered.
    pub fn used(&self) -> Result<u64, Failure> {
        Ok(self.fuel - self.store.get_fuel().map_err(failed)?)
    }
}
