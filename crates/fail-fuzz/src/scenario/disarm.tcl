# Stands before the text of a fuzzer, which plain Tcl reads: takes away what touches the world
# outside of the interpreter, what waits, what has no end, and what fills the memory in one word.
apply {{} {
    foreach command {
        exec exit interp puts gets read unknown close open socket load unload cd source glob pwd
        chan fconfigure fcopy fileevent flush seek tell pid zlib zipfs lrepeat binary time timerate
        encoding tm auto_load auto_execok auto_import auto_qualify auto_load_index tclPkgUnknown
        format vwait update after while for package file trace eof fblocked history clock
        auto_reset auto_mkindex auto_mkindex_old pkg_mkIndex tcl_findLibrary coroutine
        ::tcl::string::repeat
    } {
        catch {rename $command {}}
    }
    foreach space [namespace children ::tcl] {
        if {[namespace tail $space] ni {dict string mathfunc mathop array info namespace prefix}} {
            foreach command [info commands ${space}::*] {
                catch {rename $command {}}
            }
        }
    }
    foreach command [info commands ::zipfs::*] {
        catch {rename $command {}}
    }
    unset -nocomplain ::env ::auto_path ::auto_index ::tcl_library ::tcl_pkgPath
}}
