# Read before a text of a fuzzer: takes away what touches the world outside of the interpreter
# (files, programs, sockets, the environment, other interpreters, this process) and what fills
# the memory in one word. What the suite itself needs of `file` stays. The variables of a
# policy are global, so there is none.
apply {{} {
    foreach command {
        ::fail::tcl::exec ::fail::tcl::exit ::fail::tcl::interp ::fail::tcl::puts
        ::fail::tcl::open ::fail::tcl::socket ::fail::tcl::cd
        ::fail::tcl::gets ::fail::tcl::read ::fail::tcl::unknown ::fail::tcl::close
        ::open ::socket ::load ::unload ::cd ::source ::glob ::pwd ::chan ::fconfigure
        ::fcopy ::fileevent ::flush ::seek ::tell ::pid ::zlib ::zipfs ::interp ::lrepeat
        ::binary ::time ::timerate ::encoding ::tcl::string::repeat ::tm ::auto_load
        ::auto_execok ::auto_import ::auto_qualify ::auto_load_index ::tclPkgUnknown ::format
        ::tcl::process ::tcl::idna ::cookiejar ::thread::create
    } {
        if {[namespace which -command $command] ne {}} {
            rename $command {}
        }
    }
    foreach command [info commands ::tcl::file::*] {
        if {[namespace tail $command] ni {normalize join tail dirname extension rootname}} {
            rename $command {}
        }
    }
    foreach command [concat [info commands ::tcl::zipfs::*] [info commands ::zipfs::*]\
            [info commands ::tcl::unsupported::*] [info commands ::tcl::encoding::*]\
            [info commands ::tcl::chan::*] [info commands ::tcl::binary::*]] {
        catch {rename $command {}}
    }
    # The prelude asks it about each word that it does not know itself: without it, for ever.
    proc ::fail::tcl::unknown {name args} {
        return -code error "invalid command name \"$name\""
    }
    package unknown {}
    foreach name [package names] {
        if {![string match failover::* $name]} {
            package forget $name
        }
    }
    unset -nocomplain ::env ::auto_path ::auto_index ::tcl_library ::tcl_pkgPath
}}
