/* Start-up of RV32. Interrupts stay off: they only end a wfi. */
    .section .vectors, "ax"
    .globl spkl_reset_handler
    .type spkl_reset_handler, @function
spkl_reset_handler:
    .option push
    .option norelax
    la gp, __global_pointer$
    .option pop
    la sp, spkl_stack_top
    la t0, spkl_fault_handler
    csrw mtvec, t0
    csrwi mie, 0
    la t0, spkl_data_load
    la t1, spkl_data_start
    la t2, spkl_data_end
    j 2f
1:  lw t3, 0(t0)
    sw t3, 0(t1)
    addi t0, t0, 4
    addi t1, t1, 4
2:  bltu t1, t2, 1b
    la t1, spkl_bss_start
    la t2, spkl_bss_end
    j 4f
3:  sw zero, 0(t1)
    addi t1, t1, 4
4:  bltu t1, t2, 3b
    call main
    .size spkl_reset_handler, . - spkl_reset_handler

    .globl spkl_fault_handler
    .type spkl_fault_handler, @function
    .balign 4
spkl_fault_handler:
    wfi
    j spkl_fault_handler
    .size spkl_fault_handler, . - spkl_fault_handler
